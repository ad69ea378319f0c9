using System.Globalization;
using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Benchmarks.ReplicatedLogs;

/// <summary>
/// RaftLog's metadata quorum as the log: an entry is a change of configuration, so it is a value of the entry's size that the controller
/// checks, writes, replays and answers; brokers pass it on to the controller. More than a bare log does, and what the quorum is for.
/// </summary>
internal sealed class RaftLogQuorum : RaftLogNodes
{
    private const sbyte TopicResource = 2;
    private const string Key = "leader.replication.throttled.replicas";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly int _entryBytes;
    private int _number;

    private RaftLogQuorum(IRunningCluster cluster, int[] ports, int entryBytes)
        : base(cluster, ports) => _entryBytes = entryBytes;

    /// <summary>Starts three nodes over new directories.</summary>
    public static async Task<IReplicatedLog> StartAsync(string directory, int entryBytes)
    {
        (IRunningCluster cluster, int[] ports) = await StartNodesAsync(directory);
        return new RaftLogQuorum(cluster, ports, entryBytes);
    }

    /// <inheritdoc/>
    public override async Task<int> FindLeaderAsync()
    {
        using KafkaCluster client = Connect();
        while (true)
        {
            QuorumDescription quorum = await client.Admin.DescribeQuorumAsync();
            if (quorum.Leader.Value > 0)
            {
                return quorum.Leader.Value - 1;
            }

            await Task.Delay(Pause);
        }
    }

    /// <inheritdoc/>
    public override async Task<IEntryConnection> ConnectAsync(int node) => new Connection(this, await WireAsync(node));

    /// <inheritdoc/>
    public override async Task<long> CountAsync()
    {
        using KafkaCluster client = Connect();
        return (await client.Admin.DescribeQuorumAsync()).HighWatermark.Value;
    }

    /// <summary>A list of replicas that is as long as an entry and that no other entry has.</summary>
    private string NextValue()
    {
        System.Text.StringBuilder value = new(_entryBytes + 16);
        value.Append(CultureInfo.InvariantCulture, $"{Interlocked.Increment(ref _number)}:1");
        for (int i = 0; value.Length < _entryBytes; i++)
        {
            value.Append(CultureInfo.InvariantCulture, $",{100_000_000 + i}:1");
        }

        return value.ToString();
    }

    private sealed class Connection(RaftLogQuorum log, WireClient wire) : IEntryConnection
    {
        public async ValueTask<bool> CommitAsync()
        {
            IncrementalAlterConfigsRequest request = new()
            {
                Resources =
                [
                    new()
                    {
                        ResourceType = TopicResource,
                        ResourceName = Topic,
                        Configs =
                        [
                            new()
                            {
                                Name = Key,
                                ConfigOperation = 0,
                                Value = log.NextValue(),
                            },
                        ],
                    },
                ],
            };
            try
            {
                return (await wire.AskAsync(request)).Responses[0].ErrorCode == ErrorCode.None;
            }
            catch (WireException failure)
            {
                throw new IOException(failure.Message, failure);
            }
        }

        public void Dispose() => wire.Dispose();
    }
}
