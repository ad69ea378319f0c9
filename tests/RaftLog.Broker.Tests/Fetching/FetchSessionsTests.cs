using RaftLog.Broker.Fetching;
using RaftLog.Broker.Partitions;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Tests.Fetching;

/// <summary>
/// Which session a fetch belongs to (KIP-227): what a client must say, who gets the slots, and what a restarted follower leaves behind.
/// </summary>
public sealed class FetchSessionsTests
{
    private const int Slots = 2;
    private const short ByName = 12;
    private const short ById = 17;
    private const long EvictionMs = 120_000;

    private static readonly Uuid Orders = new(7, 9);
    private readonly FetchSessions _sessions = new(Slots, new SystemEntropy());

    [Fact]
    public void A_session_is_followed_by_its_epochs()
    {
        int id = Begin();
        Assert.NotEqual(0, id);
        Assert.Equal(ErrorCode.None, Next(id, epoch: 1));
        Assert.Equal(ErrorCode.InvalidFetchSessionEpoch, Next(id, epoch: 1));
        Assert.Equal(ErrorCode.InvalidFetchSessionEpoch, Next(id, epoch: 3));
        Assert.Equal(ErrorCode.None, Next(id, epoch: 2));
    }

    [Fact]
    public void Nobody_finds_a_session_that_was_closed_or_never_was()
    {
        int id = Begin();
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, Next(id + 1, epoch: 1));
        FetchRequest close = Full(0);
        (close.SessionId, close.SessionEpoch) = (id, -1);
        using (FetchPlan last = _sessions.Resolve(close, ById, NodeId.None, 0))
        {
            Assert.Equal((0, true), (last.SessionId, last.IsFull));
        }

        Assert.Equal(ErrorCode.FetchSessionIdNotFound, Next(id, epoch: 1));
    }

    [Fact]
    public void A_full_fetch_begins_anew_in_place_of_the_session_that_it_names()
    {
        int id = Begin();
        FetchRequest again = Full(0);
        again.SessionId = id;
        using FetchPlan plan = _sessions.Resolve(again, ById, NodeId.None, 0);
        Assert.NotEqual(id, plan.SessionId);
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, Next(id, epoch: 1));
    }

    [Fact]
    public void A_fetch_of_nothing_gets_no_session()
    {
        using FetchPlan plan = _sessions.Resolve(new FetchRequest { SessionEpoch = 0 }, ById, NodeId.None, 0);
        Assert.Equal((0, true, true), (plan.SessionId, plan.IsEmpty, plan.IsFull));
    }

    [Fact]
    public void A_session_of_topic_ids_does_not_go_on_with_names()
    {
        int id = Begin();
        Assert.Equal(ErrorCode.FetchSessionTopicIdError, Next(id, epoch: 1, version: ByName));
        Assert.Equal(ErrorCode.None, Next(id, epoch: 1));
    }

    [Fact]
    public void A_session_whose_request_is_under_way_takes_no_other()
    {
        int id = Begin();
        FetchPlan first = _sessions.Resolve(Incremental(id, 1), ById, NodeId.None, 0);
        Assert.Equal(ErrorCode.InvalidFetchSessionEpoch, Next(id, epoch: 2));
        first.Dispose();
        Assert.Equal(ErrorCode.None, Next(id, epoch: 2));
    }

    [Fact]
    public void Each_fetch_covers_what_it_names_and_forgets_what_it_says()
    {
        int id = Begin(0, 1, 2);
        FetchRequest change = Incremental(id, 1);
        change.Topics.Add(new() { TopicId = Orders, Partitions = [new() { Partition = 3, FetchOffset = new Offset(30) }] });
        change.ForgottenTopicsData.Add(new() { TopicId = Orders, Partitions = [0, 1] });
        using FetchPlan plan = _sessions.Resolve(change, ById, NodeId.None, 0);
        Assert.False(plan.IsFull);
        Assert.Equal(
            [(2, 0), (3, 30)],
            plan.TakeDue(Audience.Uncommitted).Select(static each => (each.Key.Partition, (int)each.FetchOffset.Value)).Order()
        );
    }

    [Fact]
    public void When_all_slots_are_taken_a_client_is_served_without_until_one_was_unused_for_long()
    {
        int oldest = Begin(nowMs: 0);
        int other = Begin(nowMs: 1);
        Assert.Equal(0, Begin(nowMs: EvictionMs - 1));
        Assert.NotEqual(0, Begin(nowMs: EvictionMs));
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, Next(oldest, epoch: 1));
        Assert.Equal(ErrorCode.None, Next(other, epoch: 1));
    }

    [Fact]
    public void A_follower_takes_the_slot_of_a_consumer_and_a_consumer_none_of_a_follower()
    {
        int consumer = Begin(nowMs: 0);
        int follower = Begin(replica: 1, nowMs: 0);
        Assert.NotEqual(0, Begin(replica: 2, nowMs: 1));
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, Next(consumer, epoch: 1));
        Assert.Equal(ErrorCode.None, Next(follower, epoch: 1, replica: 1));
        Assert.Equal(0, Begin(nowMs: 2));
        Assert.Equal(0, Begin(replica: 3, nowMs: 2));
    }

    [Fact]
    public void A_follower_that_has_started_again_ends_its_earlier_session()
    {
        int earlier = Begin(replica: 1, incarnation: 5);
        int later = Begin(replica: 1, incarnation: 6);
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, Next(earlier, epoch: 1, replica: 1, incarnation: 5));
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, Next(later, epoch: 1, replica: 1, incarnation: 5));
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, Next(later, epoch: 1, replica: 2, incarnation: 6));
        Assert.Equal(ErrorCode.None, Next(later, epoch: 1, replica: 1, incarnation: 6));
    }

    private static FetchRequest Full(params int[] partitions) =>
        new()
        {
            SessionEpoch = 0,
            Topics =
            [
                new()
                {
                    TopicId = Orders,
                    Partitions = [.. partitions.Select(static each => new FetchRequest.FetchPartition { Partition = each })],
                },
            ],
        };

    private static FetchRequest Incremental(int session, int epoch) => new() { SessionId = session, SessionEpoch = epoch };

    private int Begin(params int[] partitions)
    {
        using FetchPlan plan = _sessions.Resolve(Full(partitions.Length == 0 ? [0] : partitions), ById, NodeId.None, 0);
        return plan.SessionId;
    }

    private int Begin(long nowMs, int replica = -1) => Begin(replica, -1, nowMs);

    private int Begin(int replica, long incarnation, long nowMs = 0)
    {
        FetchRequest request = Full(0);
        request.ReplicaState = new() { ReplicaId = new NodeId(replica), ReplicaEpoch = new BrokerEpoch(incarnation) };
        using FetchPlan plan = _sessions.Resolve(request, ById, new NodeId(replica), nowMs);
        Assert.Equal(ErrorCode.None, plan.Error);
        return plan.SessionId;
    }

    private ErrorCode Next(int session, int epoch, short version = ById, int replica = -1, long incarnation = -1)
    {
        FetchRequest request = Incremental(session, epoch);
        request.ReplicaState = new() { ReplicaId = new NodeId(replica), ReplicaEpoch = new BrokerEpoch(incarnation) };
        using FetchPlan plan = _sessions.Resolve(request, version, new NodeId(replica), 0);
        return plan.Error;
    }
}
