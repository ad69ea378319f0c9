using System.Text;
using RaftLog.Broker.Cluster;
using RaftLog.Broker.Handlers;
using RaftLog.Broker.Network;
using RaftLog.Broker.Requests;
using RaftLog.Broker.Runtime;
using RaftLog.Broker.Tests.Partitions;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Replication;
using RaftLog.TestKit;

namespace RaftLog.Broker.Tests.Handlers;

/// <summary>Who may answer ListOffsets, and how far each asker may see.</summary>
public sealed class ListOffsetsHandlerTests : IDisposable
{
    private const int Consumer = -1;
    private const int Debugging = -2;

    private readonly TestCluster _cluster = new(2);

    public ListOffsetsHandlerTests()
    {
        _cluster.CreateOrders(0, 1);
        _cluster.Advance(20);
        _cluster.Nodes[0].Produce(RequiredAcks.All, "one");
        _cluster.Advance(20);
    }

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void A_follower_answers_a_debugging_consumer_and_no_other()
    {
        Assert.Equal((ErrorCode.NotLeaderOrFollower, Offset.None), Latest(1, Consumer));
        Assert.Equal((ErrorCode.None, new Offset(1)), Latest(1, Debugging));
        Assert.Equal((ErrorCode.None, new Offset(1)), Latest(0, Debugging));
    }

    [Fact]
    public void A_debugging_consumer_sees_what_is_not_committed_and_is_fenced_by_epoch()
    {
        _cluster.Nodes[1].Stop();
        _cluster.Nodes[0].Produce(RequiredAcks.Leader, "two");
        Assert.Equal((ErrorCode.None, new Offset(1)), Latest(0, Consumer));
        Assert.Equal((ErrorCode.None, new Offset(2)), Latest(0, Debugging));
        Assert.Equal((ErrorCode.UnknownLeaderEpoch, Offset.None), Latest(0, Debugging, epoch: 5));
    }

    [Fact]
    public void A_time_that_only_a_corrupt_batch_could_tell_is_an_error_and_a_line()
    {
        CrashDisk disk = _cluster.Nodes[0].Disk;
        Assert.Equal(ErrorCode.None, At(0, Consumer, 0).Error);
        disk.Corrupt("/data/orders-0/00000000000000000000.log", bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]);

        Assert.Equal((ErrorCode.CorruptMessage, Offset.None), At(0, Consumer, 0));
        Assert.Contains(
            "ListOffsets of orders-0: the batch at byte 0 of /data/orders-0/00000000000000000000.log is corrupt",
            Encoding.UTF8.GetString(disk.BytesOf("/node-log")),
            StringComparison.Ordinal
        );
        Assert.Equal((ErrorCode.None, new Offset(1)), Latest(0, Consumer));
    }

    private (ErrorCode Error, Offset Offset) Latest(int node, int replica, int epoch = -1) => At(node, replica, -1, epoch);

    private (ErrorCode Error, Offset Offset) At(int node, int replica, long timestamp, int epoch = -1)
    {
        TestNode asked = _cluster.Nodes[node];
        MetadataCache cache = new(asked.Waiters, "cluster", asked.Id);
        _ = cache.ApplyAsync(new MetadataUpdate(_cluster.Image, MetadataChanges.Between(MetadataImage.Empty, _cluster.Image)));
        ClientWarnings warnings = new(asked.Waiters, new NodeLog(asked.Disk, _cluster.Time, "/node-log"));
        ListOffsetsHandler handler = new(new PartitionLookup(asked.Table, cache), warnings);
        ListOffsetsRequest request = new()
        {
            ReplicaId = new NodeId(replica),
            Topics =
            [
                new()
                {
                    Name = "orders",
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = 0,
                            Timestamp = timestamp,
                            CurrentLeaderEpoch = new LeaderEpoch(epoch),
                        },
                    ],
                },
            ],
        };
        RequestContext context = new(ApiKey.ListOffsets, 7, "", new ConnectionContext(1, new NetworkAddress("client", 1), "PLAINTEXT"));
        ListOffsetsResponse response = _cluster.Pump.Finish(() => handler.HandleAsync(request, context))!;
        ListOffsetsResponse.PartitionData partition = response.Topics[0].Partitions[0];
        return (partition.ErrorCode, partition.Offset);
    }
}
