using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Benchmarks.ReplicatedLogs;

/// <summary>Three processes of RaftLog, with one topic of one partition that lies on all three; every append is flushed.</summary>
internal abstract class RaftLogNodes(IRunningCluster cluster, int[] ports) : IReplicatedLog
{
    /// <summary>The topic.</summary>
    protected const string Topic = "entries";

    private protected const int Nodes = 3;

    /// <inheritdoc/>
    public IReadOnlyList<int> ProcessIds => cluster.ProcessIds;

    /// <summary>The ports for clients, in the order of the nodes.</summary>
    protected IReadOnlyList<int> Ports => ports;

    /// <inheritdoc/>
    public abstract Task<int> FindLeaderAsync();

    /// <inheritdoc/>
    public abstract Task<IEntryConnection> ConnectAsync(int node);

    /// <inheritdoc/>
    public abstract Task<long> CountAsync();

    /// <inheritdoc/>
    public Task StartAgainAsync() => cluster.StartAgainAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    /// <summary>Starts the nodes and makes the topic.</summary>
    protected static async Task<(IRunningCluster Cluster, int[] Ports)> StartNodesAsync(string directory)
    {
        IRunningCluster cluster = await new RaftLogSystem().StartAsync(directory, new ClusterShape(Nodes, 1));
        using KafkaCluster client = Connect(cluster);
        ItemResult<string> created = (await client.Admin.CreateTopicsAsync([new NewTopic(Topic, 1, Nodes)]))[0];
        if (created.Error != ErrorCode.None)
        {
            throw new InvalidOperationException($"{Topic} cannot be created: {created.Error} {created.Message}");
        }

        return (
            cluster,
            [
                .. cluster
                    .Bootstrap.Split(',')
                    .Select(static each => int.Parse(each.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture)),
            ]
        );
    }

    /// <summary>A client that knows all nodes.</summary>
    protected KafkaCluster Connect() => Connect(cluster);

    /// <summary>Connects to a node, for raw requests.</summary>
    protected async Task<WireClient> WireAsync(int node)
    {
        try
        {
            return await WireClient.ConnectAsync(ports[node]);
        }
        catch (WireException failure)
        {
            throw new IOException(failure.Message, failure);
        }
    }

    private static KafkaCluster Connect(IRunningCluster cluster) =>
        new(new ClientOptions { BootstrapServers = ClientOptions.ParseServers(cluster.Bootstrap) });
}
