using RaftLog.Broker.Cluster;
using RaftLog.Broker.Fetching;
using RaftLog.Broker.Handlers;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Broker.Tests.Partitions;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Records;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Tests.Handlers;

/// <summary>When a fetch is answered, and what its session remembers. One node on one thread, in time that the test moves.</summary>
public sealed class FetchHandlerTests : IDisposable
{
    private const short Version = 18;

    private readonly TestCluster _cluster = new(1);
    private readonly MetadataCache _cache;
    private readonly FetchHandler _handler;

    public FetchHandlerTests()
    {
        _cluster.LogSettings = LogSettings.Default with { SegmentBytes = 1_000 };
        _cluster.CreateOrders(0);
        _cache = new MetadataCache(Node.Waiters, "cluster", Node.Id);
        Tell();
        _handler = new FetchHandler(
            new PartitionLookup(Node.Table, _cache),
            new FetchSessions(10, new SystemEntropy()),
            _cache,
            Node.Table.LeaderThrottle,
            Node.Waiters,
            1 << 20
        );
    }

    private TestNode Node => _cluster.Nodes[0];

    private ConnectionContext Client { get; } = new(1, new NetworkAddress("client", 1), "PLAINTEXT");

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void A_consumer_that_tells_an_old_high_watermark_waits_for_records_all_the_same()
    {
        Produce("one");
        FetchRequest request = Consumer(from: 1, maxWaitMs: 500);
        request.Topics[0].Partitions[0].HighWatermark = Offset.Zero;
        Task<FetchResponse> fetch = Fetch(request);
        Assert.False(fetch.IsCompleted);
        Produce("two");
        Assert.Equal(["two"], Values(Result(fetch)));
    }

    [Fact]
    public void Who_waits_for_what_is_the_same_for_a_look_and_for_a_wait()
    {
        Offset known = new(3);
        ReadableLimits limits = new(HighWatermark: new Offset(5), LastStableOffset: new Offset(4), LogEnd: new Offset(9));
        foreach (Audience audience in Enum.GetValues<Audience>())
        {
            DataInterest caughtUp = DataInterest.Of(audience, limits.For(audience), known);
            Assert.Equal(audience == Audience.Follower, limits.HasUpdates(caughtUp));
            Assert.Equal(audience == Audience.Follower, caughtUp.IsBehind(limits.HighWatermark));
            Assert.True(limits.HasUpdates(DataInterest.Of(audience, limits.For(audience) - 1, limits.HighWatermark)));
        }
    }

    [Fact]
    public void Min_bytes_are_counted_across_segments()
    {
        for (int i = 0; i < 60; i++)
        {
            Produce("0123456789");
        }

        Assert.True(Node.Orders.Log.SizeBytes > 4_000);
        FetchRequest request = Consumer(from: 0, maxWaitMs: 10_000);
        request.MinBytes = 3_500;
        Assert.True(Result(Fetch(request)).Responses[0].Partitions[0].Records!.Value.Length >= 3_500);
    }

    [Fact]
    public void Min_bytes_above_max_bytes_mean_max_bytes()
    {
        for (int i = 0; i < 20; i++)
        {
            Produce("0123456789");
        }

        FetchRequest request = Consumer(from: 0, maxWaitMs: 10_000);
        (request.MinBytes, request.MaxBytes) = (1 << 20, 300);
        Assert.False(Fetch(request).IsCompleted);
        request.MaxBytes = Batches.Of("0123456789").Length * 3;
        Assert.Equal(3, Values(Result(Fetch(request))).Count);
    }

    [Fact]
    public void A_fetch_that_looks_again_and_again_is_registered_once()
    {
        DataWaiters waiters = new();
        using DataWait wait = new(Node.Waiters);
        using DataWait other = new(Node.Waiters);
        for (int i = 0; i < 1_000; i++)
        {
            waiters.Set(wait, new DataInterest(Audience.Uncommitted, new Offset(i), DataInterest.NoHighWatermark));
        }

        waiters.Set(other, new DataInterest(Audience.Uncommitted, Offset.Zero, DataInterest.NoHighWatermark));
        Assert.Equal(2, waiters.Count);

        // What it waits for is what it said last.
        WakeList wakes = new();
        waiters.Release(new ReadableLimits(new Offset(999), new Offset(999), new Offset(999)), wakes);
        Assert.Equal(1, waiters.Count);
    }

    [Fact]
    public void A_fetch_ends_when_its_client_is_gone()
    {
        Task<FetchResponse> fetch = Fetch(Consumer(from: 0, maxWaitMs: 60_000));
        Assert.False(fetch.IsCompleted);
        _cluster.Pump.Start(() =>
        {
            Client.End();
            return 0;
        });
        Assert.Empty(Values(Result(fetch)));

        // One that comes too late does not begin to wait.
        Assert.True(Fetch(Consumer(from: 0, maxWaitMs: 60_000)).IsCompleted);
    }

    [Fact]
    public void A_session_that_is_being_answered_has_no_second_owner()
    {
        int session = Result(Fetch(Consumer(from: 0, maxWaitMs: 0))).SessionId;
        Assert.NotEqual(0, session);
        Task<FetchResponse> first = Fetch(Next(session, epoch: 1, maxWaitMs: 1_000));
        Assert.False(first.IsCompleted);
        Assert.Equal(ErrorCode.InvalidFetchSessionEpoch, Result(Fetch(Next(session, epoch: 2, maxWaitMs: 0))).ErrorCode);

        Produce("one");
        Assert.Equal(["one"], Values(Result(first)));
        Assert.Equal(ErrorCode.None, Result(Fetch(Next(session, epoch: 2, maxWaitMs: 0))).ErrorCode);
    }

    [Fact]
    public void A_session_is_told_that_its_topic_is_gone_and_later_that_another_has_its_name()
    {
        int session = Result(Fetch(Consumer(from: 0, maxWaitMs: 0))).SessionId;
        _cluster.Commit(new RemoveTopicRecord { TopicId = TestCluster.OrdersId });
        Tell();
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, ErrorOf(Fetch(Next(session, epoch: 1, maxWaitMs: 0))));

        _cluster.Create("orders", new Uuid(8, 8), 1, 0);
        Tell();
        Assert.Equal(ErrorCode.InconsistentTopicId, ErrorOf(Fetch(Next(session, epoch: 2, maxWaitMs: 0))));

        // Without a session nobody knows what the id once was.
        Assert.Equal(ErrorCode.UnknownTopicId, ErrorOf(Fetch(Consumer(from: 0, maxWaitMs: 0))));
    }

    [Fact]
    public void A_session_whose_topic_was_made_anew_elsewhere_is_sent_there()
    {
        int session = Result(Fetch(Consumer(from: 0, maxWaitMs: 0))).SessionId;
        _cluster.Commit(new RemoveTopicRecord { TopicId = TestCluster.OrdersId });
        _cluster.Create("orders", new Uuid(8, 8), 1, 5);
        Tell();
        Assert.Equal(ErrorCode.NotLeaderOrFollower, ErrorOf(Fetch(Next(session, epoch: 1, maxWaitMs: 0))));
    }

    [Fact]
    public void A_fetch_of_a_session_leaves_out_what_has_not_changed()
    {
        Produce("one");
        FetchResponse first = Result(Fetch(Consumer(from: 0, maxWaitMs: 0)));
        Assert.Equal(["one"], Values(first));
        FetchRequest next = Next(first.SessionId, epoch: 1, maxWaitMs: 0);
        next.Topics.Add(Consumer(from: 1, maxWaitMs: 0).Topics[0]);
        FetchResponse quiet = Result(Fetch(next));
        Assert.Equal((ErrorCode.None, first.SessionId), (quiet.ErrorCode, quiet.SessionId));
        Assert.Empty(quiet.Responses);

        Produce("two");
        Assert.Equal(["two"], Values(Result(Fetch(Next(first.SessionId, epoch: 2, maxWaitMs: 0)))));
    }

    [Fact]
    public void A_fetch_without_records_is_answered_when_its_time_is_over()
    {
        Task<FetchResponse> fetch = Fetch(Consumer(from: 0, maxWaitMs: 200));
        _cluster.Advance(199);
        Assert.False(fetch.IsCompleted);
        _cluster.Advance(1);
        FetchResponse response = Result(fetch);
        Assert.Empty(Values(response));
        Assert.Equal(Offset.Zero, response.Responses[0].Partitions[0].HighWatermark);
    }

    [Fact]
    public void A_fetch_of_no_session_that_is_there_says_so_and_names_no_partition()
    {
        FetchResponse response = Result(Fetch(Next(4711, epoch: 1, maxWaitMs: 1_000)));
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, response.ErrorCode);
        Assert.Empty(response.Responses);
    }

    [Fact]
    public void A_fetch_beyond_the_end_is_answered_at_once_with_the_error()
    {
        Task<FetchResponse> fetch = Fetch(Consumer(from: 7, maxWaitMs: 60_000));
        Assert.True(fetch.IsCompleted);
        Assert.Equal(ErrorCode.OffsetOutOfRange, ErrorOf(fetch));
    }

    [Fact]
    public void A_reader_of_committed_transactions_waits_for_their_end_and_hears_of_the_aborted()
    {
        ProducerStamp writer = new(new ProducerId(9), new ProducerEpoch(0), 0);
        Assert.Equal(ErrorCode.None, _cluster.Result(Node.Produce(Node.Orders, RequiredAcks.All, Batches.With(writer, "before"))));
        WakeList wakes = new();
        PartitionVerification verified = Node.Orders.BeginVerification(writer with { BaseSequence = 1 }, startsAtZero: false)!;
        AppendOutcome appended = Node.Orders.Append(
            new BatchToAppend(Batches.Transactional(writer with { BaseSequence = 1 }, "in doubt")) { Verification = verified },
            RequiredAcks.All,
            null,
            wakes
        );
        Assert.Equal(ErrorCode.None, appended.Error);
        Node.Orders.EndVerification(verified);
        wakes.WakeAll();
        _cluster.Pump.Drain();
        FetchRequest request = Consumer(from: 0, maxWaitMs: 0);
        request.IsolationLevel = 1;
        Assert.Equal(["before"], Values(Result(Fetch(request))));

        Node.Orders.AppendMarker(Batches.Marker(Protocol.Records.ControlRecordType.Abort, writer, 0), 1, LeaderEpoch.None, wakes);
        wakes.WakeAll();
        _cluster.Pump.Drain();
        FetchResponse.PartitionData all = Result(Fetch(request)).Responses[0].Partitions[0];
        Assert.Equal(
            (new ProducerId(9), new Offset(1)),
            (Assert.Single(all.AbortedTransactions!).ProducerId, all.AbortedTransactions![0].FirstOffset)
        );
    }

    private static FetchRequest Consumer(long from, int maxWaitMs) =>
        new()
        {
            MaxWaitMs = maxWaitMs,
            MinBytes = 1,
            MaxBytes = 1 << 20,
            SessionEpoch = 0,
            Topics =
            [
                new()
                {
                    TopicId = TestCluster.OrdersId,
                    Partitions =
                    [
                        new()
                        {
                            Partition = 0,
                            FetchOffset = new Offset(from),
                            PartitionMaxBytes = 1 << 20,
                        },
                    ],
                },
            ],
        };

    private static FetchRequest Next(int session, int epoch, int maxWaitMs) =>
        new()
        {
            MaxWaitMs = maxWaitMs,
            MinBytes = 1,
            MaxBytes = 1 << 20,
            SessionId = session,
            SessionEpoch = epoch,
        };

    private static List<string> Values(FetchResponse response) =>
        [
            .. response
                .Responses.SelectMany(topic => topic.Partitions)
                .SelectMany(partition => Batches.Values(partition.Records!.Value.Span)),
        ];

    private ErrorCode ErrorOf(Task<FetchResponse> fetch) => Result(fetch).Responses.Single().Partitions.Single().ErrorCode;

    private FetchResponse Result(Task<FetchResponse> fetch) => _cluster.Result(fetch);

    private Task<FetchResponse> Fetch(FetchRequest request) =>
        _cluster.Pump.Start(async () => (await _handler.HandleAsync(request, new RequestContext(ApiKey.Fetch, Version, "", Client)))!);

    private void Produce(string value) => Assert.Equal(ErrorCode.None, _cluster.Result(Node.Produce(RequiredAcks.All, value)));

    private void Tell()
    {
        _cluster.TellAll();
        _cluster.Pump.Drain();
        _ = _cache.ApplyAsync(new MetadataUpdate(_cluster.Image, MetadataChanges.Between(MetadataImage.Empty, _cluster.Image)));
    }
}
