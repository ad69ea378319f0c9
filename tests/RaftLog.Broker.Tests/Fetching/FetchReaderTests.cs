using RaftLog.Broker.Cluster;
using RaftLog.Broker.Fetching;
using RaftLog.Broker.Handlers;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Tests.Partitions;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Broker.Tests.Fetching;

/// <summary>What a look at the partitions of a fetch finds: how the bytes are shared out, and what is worth a response.</summary>
public sealed class FetchReaderTests : IDisposable
{
    private const int Partitions = 3;

    private static readonly Uuid Events = new(3, 3);
    private readonly TestCluster _cluster = new(1);
    private readonly MetadataCache _cache;
    private readonly List<FetchedPartition> _found = [];

    public FetchReaderTests()
    {
        _cluster.Create("events", Events, Partitions, 0);
        _cluster.TellAll();
        _cluster.Pump.Drain();
        _cache = new MetadataCache(Node.Waiters, "cluster", Node.Id);
        _ = _cache.ApplyAsync(new MetadataUpdate(_cluster.Image, MetadataChanges.Between(MetadataImage.Empty, _cluster.Image)));
    }

    private TestNode Node => _cluster.Nodes[0];

    public void Dispose()
    {
        FetchReader.Release(_found);
        _cluster.Dispose();
    }

    [Fact]
    public void The_first_partition_with_records_gives_a_whole_batch_and_the_others_what_fits()
    {
        int batch = Batches.Of("0123456789").Length;
        Produce(1, "0123456789");
        Produce(2, "0123456789");
        Assert.True(Look(maxBytes: 1, Of(0), Of(1), Of(2)));
        Assert.Equal([0, batch, 0], _found.Select(static each => each.Read.Slice.Length));

        Assert.True(Look(maxBytes: 2 * batch, Of(0), Of(1), Of(2)));
        Assert.Equal([0, batch, batch], _found.Select(static each => each.Read.Slice.Length));
        Assert.True(Look(maxBytes: (2 * batch) - 1, Of(0), Of(1), Of(2)));
        Assert.Equal([0, batch, 0], _found.Select(static each => each.Read.Slice.Length));
    }

    [Fact]
    public void Partition_max_bytes_bound_a_partition_that_is_not_the_first()
    {
        int batch = Batches.Of("0123456789").Length;
        Produce(0, "0123456789");
        Produce(1, "0123456789");
        FetchTarget second = Of(1);
        second.MaxBytes = batch - 1;
        Look(1 << 20, Of(0), second);
        Assert.Equal([batch, 0], _found.Select(static each => each.Read.Slice.Length));
    }

    [Fact]
    public void Fewer_bytes_than_asked_for_are_no_response_and_an_error_is()
    {
        Produce(0, "a");
        Assert.False(Look(1 << 20, minBytes: 1_000, Of(0), Of(1)));
        Assert.True(Look(1 << 20, minBytes: 1_000, Of(0), Of(1), Of(Partitions)));
        Assert.Equal([ErrorCode.None, ErrorCode.None, ErrorCode.UnknownTopicOrPartition], _found.Select(static each => each.Read.Error));
        Assert.True(Look(1 << 20, minBytes: 1_000, Of(0, from: 7)));
        Assert.Equal(ErrorCode.OffsetOutOfRange, _found[0].Read.Error);
    }

    [Fact]
    public void A_topic_that_nobody_knows_is_said_by_name_and_by_id()
    {
        Look(1 << 20, new FetchTarget(new FetchKey("nobody", Uuid.Zero, 0)), new FetchTarget(new FetchKey("", new Uuid(9, 9), 0)));
        Assert.Equal([ErrorCode.UnknownTopicOrPartition, ErrorCode.UnknownTopicId], _found.Select(static each => each.Read.Error));
    }

    [Fact]
    public void A_leader_epoch_of_the_past_and_of_the_future_are_told_apart()
    {
        NodeId self = new(0);
        _cluster.Commit(
            new Protocol.Metadata.PartitionChangeRecord
            {
                TopicId = Events,
                PartitionId = 0,
                Leader = self,
                Isr = [self],
            }
        );
        _cluster.TellAll();
        _cluster.Pump.Drain();
        LeaderEpoch now = Find(0).Leadership.Epoch;
        Assert.True(now > LeaderEpoch.Zero);
        FetchTarget past = Of(0);
        past.CurrentLeaderEpoch = LeaderEpoch.Zero;
        FetchTarget future = Of(0);
        future.CurrentLeaderEpoch = now.Next();
        Look(1 << 20, past, future);
        Assert.Equal([ErrorCode.FencedLeaderEpoch, ErrorCode.UnknownLeaderEpoch], _found.Select(static each => each.Read.Error));
    }

    [Fact]
    public void A_watch_is_not_set_where_records_have_come_since_the_look()
    {
        using DataWait wait = new(Node.Waiters);
        FetchReader reader = Reader(1 << 20);
        reader.Look([Of(0)], _found, minBytes: 1);
        Produce(0, "a");
        Assert.False(reader.Watch(_found, wait));

        FetchReader.Release(_found);
        reader.Look([Of(0, from: 1)], _found, minBytes: 1);
        Assert.True(reader.Watch(_found, wait));
    }

    private static FetchTarget Of(int partition, long from = 0) =>
        new(new FetchKey("", Events, partition))
        {
            FetchOffset = new Offset(from),
            MaxBytes = 1 << 20,
            IsNamed = true,
        };

    private FetchReader Reader(int maxBytes) =>
        new(new PartitionLookup(Node.Table, _cache), Audience.Uncommitted, NodeId.None, BrokerEpoch.None, maxBytes)
        {
            Throttle = Node.Table.LeaderThrottle,
            NowMs = () => Node.Waiters.NowMs,
        };

    private bool Look(int maxBytes, params FetchTarget[] targets) => Look(maxBytes, minBytes: 1, targets);

    private bool Look(int maxBytes, int minBytes, params FetchTarget[] targets)
    {
        FetchReader.Release(_found);
        return Reader(maxBytes).Look(targets, _found, minBytes);
    }

    private Partition Find(int partition) => Node.Table.Find(new TopicPartition("events", partition))!;

    private void Produce(int partition, string value) =>
        Assert.Equal(ErrorCode.None, _cluster.Result(Node.Produce(Find(partition), RequiredAcks.All, Batches.Of(value))));
}
