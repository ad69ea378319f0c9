using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Benchmarks.ReplicatedLogs;

/// <summary>A partition of RaftLog as the log: an entry is a record that is produced with <c>acks=all</c>.</summary>
internal sealed class RaftLogPartition : RaftLogNodes
{
    private const int TimeoutMs = 10_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly byte[] _records;

    private RaftLogPartition(IRunningCluster cluster, int[] ports, byte[] records)
        : base(cluster, ports) => _records = records;

    /// <summary>Starts three nodes over new directories.</summary>
    public static async Task<IReplicatedLog> StartAsync(string directory, int entryBytes)
    {
        using RecordBatchBuilder batch = new(new RecordBatchOptions(entryBytes + 1024, CompressionType.None));
        batch.TryAppend(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), NullableBytes.Null, new byte[entryBytes]);
        byte[] records = batch.Seal().ToArray();
        (IRunningCluster cluster, int[] ports) = await StartNodesAsync(directory);
        return new RaftLogPartition(cluster, ports, records);
    }

    /// <inheritdoc/>
    public override async Task<int> FindLeaderAsync()
    {
        using KafkaCluster client = Connect();
        while (true)
        {
            if ((await client.Admin.DescribeTopicsAsync([Topic])) is [{ Partitions: [{ Leader.Value: > 0 } partition] }])
            {
                return partition.Leader.Value - 1;
            }

            await Task.Delay(Pause);
        }
    }

    /// <inheritdoc/>
    public override async Task<IEntryConnection> ConnectAsync(int node) => new Connection(await WireAsync(node), _records);

    /// <inheritdoc/>
    public override async Task<long> CountAsync()
    {
        using KafkaCluster client = Connect();
        TopicPartition partition = new(Topic, 0);
        return (await client.Admin.ListOffsetsAsync(new Dictionary<TopicPartition, OffsetSpec> { [partition] = OffsetSpec.Latest }))[
            partition
        ]
            .Offset
            .Value;
    }

    private sealed class Connection(WireClient wire, byte[] records) : IEntryConnection
    {
        public async ValueTask<bool> CommitAsync()
        {
            ProduceRequest request = new()
            {
                Acks = -1,
                TimeoutMs = TimeoutMs,
                TopicData = [new() { Name = Topic, PartitionData = [new() { Index = 0, Records = records }] }],
            };
            try
            {
                return (await wire.AskVersionAsync(request, 9)).Responses[0].PartitionResponses[0].ErrorCode == ErrorCode.None;
            }
            catch (WireException failure)
            {
                throw new IOException(failure.Message, failure);
            }
        }

        public void Dispose() => wire.Dispose();
    }
}
