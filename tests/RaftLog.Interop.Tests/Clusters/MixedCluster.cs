using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;
using Xunit.Sdk;

namespace RaftLog.Interop.Tests.Clusters;

/// <summary>Three nodes of one cluster, some of Apache Kafka and some of RaftLog, each broker and voter.</summary>
internal sealed class MixedCluster : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("raftlog-mixed-").FullName;
    private readonly int[] _ports = [.. Enumerable.Range(0, 3).Select(_ => FreePorts.TakePair())];
    private readonly bool[] _isKafka;
    private readonly NodeProcess?[] _raftLogs = new NodeProcess?[3];
    private readonly HashSet<int> _dead = [];

    private MixedCluster(bool[] isKafka) => _isKafka = isKafka;

    /// <summary>Every node's address, for clients.</summary>
    public string Bootstrap => string.Join(',', _ports.Select(port => $"127.0.0.1:{port}"));

    /// <summary>Formats and starts the nodes, whose ids count from 1.</summary>
    /// <param name="isKafka">For each node whether it is Kafka's.</param>
    public static async Task<MixedCluster> StartAsync(params bool[] isKafka)
    {
        MixedCluster cluster = new(isKafka);
        try
        {
            for (int id = 1; id <= 3; id++)
            {
                await cluster.FormatAsync(id);
            }

            // A node is ready once a majority of the voters is there.
            await Task.WhenAll(Enumerable.Range(1, 3).Select(cluster.StartAsync));
            await Poll.UntilAsync(
                "three brokers",
                async () => (await cluster.AskAsync(new MetadataRequest { Topics = [] })).Brokers.Count == 3
            );
            return cluster;
        }
        catch (Exception)
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>True for a node of Kafka's.</summary>
    public bool IsKafka(int id) => _isKafka[id - 1];

    /// <summary>Asks one node, or any that runs.</summary>
    public async Task<TResponse> AskAsync<TResponse>(IRequest<TResponse> request, int? id = null, short highestVersion = short.MaxValue)
        where TResponse : class, IVersionedMessage, new()
    {
        using WireClient client = await WireClient.ConnectAsync(
            _ports[(id ?? Enumerable.Range(1, 3).First(each => !_dead.Contains(each))) - 1]
        );
        return await client.AskAsync(request, highestVersion);
    }

    /// <summary>The node that coordinates a group (0) or a transaction (1).</summary>
    public async Task<int> CoordinatorAsync(string key, sbyte keyType)
    {
        int found = 0;
        await Poll.UntilAsync(
            $"a coordinator of {key} that runs",
            async () =>
            {
                FindCoordinatorResponse response = await AskAsync(
                    new FindCoordinatorRequest { KeyType = keyType, CoordinatorKeys = [key] }
                );
                found = response.Coordinators[0].NodeId.Value;
                return response.Coordinators[0].ErrorCode == ErrorCode.None && !_dead.Contains(found);
            }
        );
        return found;
    }

    /// <summary>Kills a node.</summary>
    public async Task KillAsync(int id)
    {
        _dead.Add(id);
        if (_raftLogs[id - 1] is { } node)
        {
            await node.KillAsync();
        }
        else
        {
            await KafkaNodes.KillAsync(Folder(id), id);
        }
    }

    /// <summary>What RaftLog's nodes said last, for failures.</summary>
    public string Log() => string.Join('\n', _raftLogs.Select(node => node?.Log()));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        for (int id = 1; id <= 3; id++)
        {
            _raftLogs[id - 1]?.Dispose();
            if (IsKafka(id) && !_dead.Contains(id))
            {
                await KafkaNodes.KillAsync(Folder(id), id);
            }
        }

        Directory.Delete(_directory, recursive: true);
    }

    private string Folder(int id) => Path.Combine(_directory, $"{id}");

    private string Properties(int id) => Path.Combine(Folder(id), $"node-{id}.properties");

    private async Task FormatAsync(int id)
    {
        Directory.CreateDirectory(Folder(id));
        await SharedNodeFile.WriteAsync(
            Properties(id),
            id,
            _ports,
            Path.Combine(Folder(id), "data"),
            "default.replication.factor=3",
            "min.insync.replicas=2",
            "offsets.topic.num.partitions=9",
            "transaction.state.log.num.partitions=9"
        );
        await SharedNodeFile.FormatAsync(Properties(id), IsKafka(id));
    }

    private async Task StartAsync(int id)
    {
        if (IsKafka(id))
        {
            await KafkaNodes.StartAsync(Folder(id), id);
            return;
        }

        NodeProcess node = new(id, _ports[id - 1], Path.Combine(Folder(id), "data"), ["start", "--config", Properties(id)]);
        _raftLogs[id - 1] = node;
        await node.RestartAsync();
        if (!node.IsRunning)
        {
            throw new XunitException(node.Log());
        }
    }
}
