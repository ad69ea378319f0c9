using RaftLog.Broker.Partitions;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Records;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Tests.Partitions;

/// <summary>One partition on one or two nodes: what is answered when.</summary>
public sealed class PartitionTests : IDisposable
{
    private readonly TestCluster _cluster = new(2);

    private TestNode A => _cluster.Nodes[0];

    private TestNode B => _cluster.Nodes[1];

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void Acks_all_is_answered_when_every_in_sync_replica_has_flushed()
    {
        _cluster.CreateOrders(0, 1);
        _cluster.Pump.Drain();
        B.Disk.HeldFlush = new TaskCompletionSource();
        Task<ErrorCode> produced = A.Produce(RequiredAcks.All, "one");
        _cluster.Advance(20);

        Assert.Equal(["one"], Batches.Values(B.Orders.Log));
        Assert.False(produced.IsCompleted);
        Assert.Empty(A.Consume());

        Release(B.Disk);
        _cluster.Pump.Drain();
        Assert.Equal(ErrorCode.None, Result(produced));
        Assert.Equal(["one"], A.Consume());
    }

    [Fact]
    public void Acks_all_waits_for_the_leaders_own_flush_too()
    {
        _cluster.CreateOrders(0, 1);
        A.Disk.HeldFlush = new TaskCompletionSource();
        Task<ErrorCode> produced = A.Produce(RequiredAcks.All, "one");
        _cluster.Advance(20);
        Assert.Equal(new Offset(1), B.Orders.Log.FlushedTo);
        Assert.False(produced.IsCompleted);
        Assert.Empty(A.Consume());

        Release(A.Disk);
        _cluster.Pump.Drain();
        Assert.Equal(ErrorCode.None, Result(produced));
    }

    [Fact]
    public void Acks_1_waits_for_the_leaders_flush_and_nobody_elses()
    {
        _cluster.CreateOrders(0, 1);
        A.Disk.HeldFlush = new TaskCompletionSource();
        B.Disk.HeldFlush = new TaskCompletionSource();
        Task<ErrorCode> produced = A.Produce(RequiredAcks.Leader, "one");
        Assert.False(produced.IsCompleted);

        Release(A.Disk);
        _cluster.Pump.Drain();
        Assert.Equal(ErrorCode.None, Result(produced));
        Assert.Empty(A.Consume());
        Release(B.Disk);
    }

    [Fact]
    public void Without_flushing_acks_1_is_answered_at_once()
    {
        _cluster.LogSettings = LogSettings.Default with { FlushIntervalMessages = long.MaxValue };
        _cluster.CreateOrders(0);
        A.Disk.HeldFlush = new TaskCompletionSource();
        Assert.Equal(ErrorCode.None, Result(A.Produce(RequiredAcks.Leader, "one")));
        Assert.Equal(["one"], A.Consume());
        Release(A.Disk);
    }

    [Fact]
    public void Too_few_in_sync_replicas_reject_the_append_or_say_so_after_it()
    {
        _cluster.MinInSync = 2;
        _cluster.CreateOrders(0, 1);
        B.Stop();
        Task<ErrorCode> produced = A.Produce(RequiredAcks.All, "one");
        _cluster.Advance(2_000);
        Assert.True(A.Proposals[^1].Proposal.InSync.SameAs(NodeSet.Of(A.Id)));
        Assert.False(produced.IsCompleted);
        A.Grant();
        _cluster.Tell(0);
        Assert.False(produced.IsCompleted);

        Assert.Equal(ErrorCode.NotEnoughReplicas, Result(A.Produce(RequiredAcks.All, "two")));
        _cluster.Advance(30_000);
        Assert.Equal(ErrorCode.RequestTimedOut, Result(produced));
        Assert.Empty(A.Consume());
    }

    [Fact]
    public void A_committed_record_repeated_while_too_few_are_in_sync_gets_that_error_and_is_not_appended_again()
    {
        _cluster.MinInSync = 2;
        _cluster.CreateOrders(0, 1);
        ProducerStamp first = new(new ProducerId(7), new ProducerEpoch(0), 0);
        var wakes = new WakeList();
        AppendOutcome append = A.Orders.Append(Batches.With(first, "one"), RequiredAcks.All, wakes);
        wakes.WakeAll();
        _cluster.Advance(5);
        Assert.Equal(new Offset(1), A.Orders.Log.HighWatermark);
        ShrinkToA();

        // Between the append and the look at it the set has shrunk: what a request that waits there is told.
        var wait = new CommitWait(A.Waiters, 1);
        A.Orders.Watch(append, RequiredAcks.All, wait, 0);
        Assert.Equal(ErrorCode.NotEnoughReplicasAfterAppend, wait[0]);
        Assert.True(wait[0].IsRetriable());
        Assert.Equal(ErrorCode.NotEnoughReplicas, Result(A.Produce(A.Orders, RequiredAcks.All, Batches.With(first, "one"))));

        OnceBothAreInSyncOneStandsThereOnce(first);
    }

    [Fact]
    public void A_record_that_was_appended_before_too_few_were_in_sync_waits_until_enough_are_without_a_copy()
    {
        _cluster.MinInSync = 2;
        _cluster.CreateOrders(0, 1);
        _cluster.Advance(5);
        B.LosePower();
        ProducerStamp first = new(new ProducerId(7), new ProducerEpoch(0), 0);
        Task<ErrorCode> produced = A.Produce(A.Orders, RequiredAcks.All, Batches.With(first, "one"));
        ShrinkToA();
        _cluster.Advance(30_000);
        Assert.Equal(ErrorCode.RequestTimedOut, Result(produced));
        Assert.Empty(A.Consume());
        Assert.Equal(ErrorCode.NotEnoughReplicas, Result(A.Produce(A.Orders, RequiredAcks.All, Batches.With(first, "one"))));

        OnceBothAreInSyncOneStandsThereOnce(first);
    }

    [Fact]
    public void A_leader_that_loses_its_leadership_tells_all_who_wait()
    {
        _cluster.CreateOrders(0, 1);
        A.Disk.HeldFlush = new TaskCompletionSource();
        Task<ErrorCode> all = A.Produce(RequiredAcks.All, "one");
        Task<ErrorCode> one = A.Produce(RequiredAcks.Leader, "two");
        using var wait = new DataWait(A.Waiters);
        Assert.True(A.Orders.Watch(new DataInterest(Audience.Uncommitted, Offset.Zero, DataInterest.NoHighWatermark), wait));
        Task<WaitOutcome> fetch = _cluster.Pump.Start(async () => await wait.WaitAsync(TimeSpan.FromSeconds(10)));
        _cluster.Elect(1, 0, 1);
        _cluster.Tell(0);

        Assert.Equal(ErrorCode.NotLeaderOrFollower, Result(all));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Result(one));
        Assert.Equal(WaitOutcome.Ready, Result(fetch));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Result(A.Produce(RequiredAcks.All, "three")));
        Assert.Equal((B.Id, new LeaderEpoch(1)), A.Orders.Leadership);
        Release(A.Disk);
    }

    [Fact]
    public void A_retry_is_answered_when_its_first_copy_is_committed_and_no_sooner()
    {
        _cluster.CreateOrders(0, 1);
        B.Disk.HeldFlush = new TaskCompletionSource();
        var stamp = new ProducerStamp(new ProducerId(5), new ProducerEpoch(0), 0);
        Task<ErrorCode> first = A.Produce(A.Orders, RequiredAcks.All, Batches.With(stamp, "one"));
        Task<ErrorCode> retry = A.Produce(A.Orders, RequiredAcks.All, Batches.With(stamp, "one"));
        _cluster.Advance(5);
        Assert.False(first.IsCompleted);
        Assert.False(retry.IsCompleted);

        Release(B.Disk);
        _cluster.Pump.Drain();
        Assert.Equal(ErrorCode.None, Result(first));
        Assert.Equal(ErrorCode.None, Result(retry));
        Assert.Equal(["one"], A.Consume());
    }

    [Fact]
    public void One_flush_of_six_partitions_wakes_the_request_that_waits_for_them_once()
    {
        _cluster.Create("orders", TestCluster.OrdersId, 6, 0);
        _cluster.TellAll();
        _cluster.Pump.Drain();
        A.Disk.HeldFlush = new TaskCompletionSource();
        var wakes = new WakeList();
        var wait = new CommitWait(A.Waiters, 6);
        for (int index = 0; index < 6; index++)
        {
            Partition partition = A.Table.Find(new TopicIdPartition(TestCluster.OrdersId, index))!;
            partition.Watch(partition.Append(Batches.Of("x"), RequiredAcks.All, wakes), RequiredAcks.All, wait, index);
        }

        Task whole = _cluster.Pump.Start(async () => await wait.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(whole.IsCompleted);
        Release(A.Disk);
        _cluster.Pump.Drain();
        Assert.True(whole.IsCompletedSuccessfully);
        Assert.All(Enumerable.Range(0, 6), slot => Assert.Equal(ErrorCode.None, wait[slot]));
    }

    [Fact]
    public void A_waiting_client_is_woken_by_the_high_watermark_and_a_waiting_follower_by_the_append()
    {
        _cluster.CreateOrders(0, 1);
        B.Stop();
        using var client = new DataWait(A.Waiters);
        using var follower = new DataWait(A.Waiters);
        Assert.True(A.Orders.Watch(new DataInterest(Audience.Uncommitted, Offset.Zero, DataInterest.NoHighWatermark), client));
        Assert.True(A.Orders.Watch(new DataInterest(Audience.Follower, Offset.Zero, DataInterest.NoHighWatermark), follower));
        Task<WaitOutcome> clientWait = _cluster.Pump.Start(async () => await client.WaitAsync(TimeSpan.FromSeconds(10)));
        Task<WaitOutcome> followerWait = _cluster.Pump.Start(async () => await follower.WaitAsync(TimeSpan.FromSeconds(10)));
        A.Produce(RequiredAcks.All, "one");

        Assert.Equal(WaitOutcome.Ready, Result(followerWait));
        Assert.False(clientWait.IsCompleted);
        Assert.False(A.Orders.Watch(new DataInterest(Audience.Follower, Offset.Zero, DataInterest.NoHighWatermark), follower));
        _cluster.Advance(2_000);
        A.Grant();
        Assert.Equal(WaitOutcome.Ready, Result(clientWait));
    }

    [Fact]
    public void A_follower_that_says_which_high_watermark_it_knows_is_told_of_a_higher_one()
    {
        _cluster.CreateOrders(0);
        Assert.Equal(ErrorCode.None, Result(A.Produce(RequiredAcks.All, "one")));
        using var wait = new DataWait(A.Waiters);
        Assert.False(A.Orders.Watch(new DataInterest(Audience.Follower, new Offset(1), Offset.Zero), wait));
        Assert.True(A.Orders.Watch(new DataInterest(Audience.Follower, new Offset(1), new Offset(1)), wait));
    }

    [Fact]
    public void Requests_that_gave_up_are_swept_out()
    {
        // Ten thousand requests that time out one after the other: what they leave behind is taken away before it piles up.
        _cluster.CreateOrders(0, 1);
        B.Stop();
        AppendOutcome append = A.Orders.Append(Batches.Of("x"), RequiredAcks.All, new WakeList());
        var left = new List<WeakReference>();
        for (int i = 0; i < 10_000; i++)
        {
            left.Add(GiveUp(append));
        }

        GC.Collect();
        Assert.InRange(left.Count(each => each.IsAlive), 0, 200);
    }

    [Fact]
    public void Offsets_are_found_by_time_and_by_name()
    {
        _cluster.CreateOrders(0);
        Result(A.Produce(RequiredAcks.All, "one", "two"));
        Result(A.Produce(RequiredAcks.All, "three"));

        Assert.Equal(new Offset(3), Find(OffsetLookup.Latest).Offset);
        Assert.Equal(new Offset(0), Find(OffsetLookup.Earliest).Offset);
        Assert.Equal(new Offset(0), Find(OffsetLookup.EarliestLocal).Offset);
        Assert.Equal(new Offset(1), Find(OffsetLookup.MaxTimestamp).Offset);
        Assert.Equal(new Offset(1), Find(Batches.Now + 1).Offset);
        Assert.Equal((ErrorCode.None, Offset.None), (Find(Batches.Now + 100).Error, Find(Batches.Now + 100).Offset));
        Assert.Equal(
            ErrorCode.UnknownLeaderEpoch,
            A.Orders.FindOffset(new LeaderEpoch(9), OffsetLookup.Latest, Audience.Uncommitted).Error
        );
        Assert.Equal(
            (ErrorCode.None, new EpochEnd(new LeaderEpoch(0), new Offset(3))),
            A.Orders.EndOfEpoch(LeaderEpoch.None, new LeaderEpoch(0))
        );
        Assert.Equal((ErrorCode.None, EpochEnd.Unknown), A.Orders.EndOfEpoch(LeaderEpoch.None, new LeaderEpoch(9)));
    }

    [Fact]
    public void A_new_leader_tells_no_latest_offset_before_it_knows_what_its_predecessor_committed()
    {
        _cluster.CreateOrders(0, 1);
        Task<ErrorCode> produced = A.Produce(RequiredAcks.All, "one");
        _cluster.Pump.Drain();
        Assert.Equal(ErrorCode.None, Result(produced));
        Assert.Equal(Offset.Zero, B.Orders.Log.HighWatermark);
        A.Stop();
        _cluster.Elect(1, 0, 1);
        _cluster.Tell(1);

        Assert.Equal(ErrorCode.OffsetNotAvailable, B.Orders.FindOffset(LeaderEpoch.None, OffsetLookup.Latest, Audience.Uncommitted).Error);
        Assert.Equal(ErrorCode.None, B.Orders.FindOffset(LeaderEpoch.None, OffsetLookup.Earliest, Audience.Uncommitted).Error);
        Assert.Empty(B.Consume());
        _cluster.Advance(2_000);
        B.Grant();
        Assert.Equal(new Offset(1), B.Orders.FindOffset(LeaderEpoch.None, OffsetLookup.Latest, Audience.Uncommitted).Offset);
        Assert.Equal(["one"], B.Consume());
    }

    [Fact]
    public void Records_are_deleted_up_to_the_high_watermark_on_all_replicas()
    {
        _cluster.CreateOrders(0, 1);
        Result(A.Produce(RequiredAcks.All, "one"));
        Result(A.Produce(RequiredAcks.All, "two"));
        var wakes = new WakeList();
        Assert.Equal(ErrorCode.OffsetOutOfRange, A.Orders.DeleteRecords(new Offset(3), wakes).Error);
        Assert.Equal((ErrorCode.None, new Offset(1)), A.Orders.DeleteRecords(new Offset(1), wakes));
        Assert.Equal(Offset.Zero, A.Orders.LowWatermark);
        var wait = new CommitWait(A.Waiters, 2);
        A.Orders.WatchDeletion(new Offset(1), wait, 0);
        A.Orders.WatchDeletion(new Offset(2), wait, 1);
        Assert.Equal([ErrorCode.RequestTimedOut, ErrorCode.RequestTimedOut], [wait[0], wait[1]]);
        _cluster.Advance(1_100);

        Assert.Equal([ErrorCode.None, ErrorCode.RequestTimedOut], [wait[0], wait[1]]);
        Assert.Equal(new Offset(1), B.Orders.Log.StartOffset);
        Assert.Equal(new Offset(1), A.Orders.LowWatermark);
        Assert.Equal(["two"], A.Consume());
        _cluster.Elect(1, 0, 1);
        _cluster.TellAll();
        Assert.Equal(ErrorCode.NotLeaderOrFollower, wait[1]);
    }

    [Fact]
    public void A_coordinator_of_an_earlier_leadership_appends_nothing()
    {
        _cluster.CreateOrders(0, 1);
        _cluster.Elect(1, 0, 1);
        _cluster.Elect(0, 0, 1);
        _cluster.TellAll();
        AppendOutcome stale = A.Orders.AppendBuilt(Batches.Of("x"), new LeaderEpoch(0), RequiredAcks.All, new WakeList());
        Assert.Equal(ErrorCode.FencedLeaderEpoch, stale.Error);
        AppendOutcome present = A.Orders.AppendBuilt(Batches.Of("x"), new LeaderEpoch(2), RequiredAcks.All, new WakeList());
        Assert.Equal(ErrorCode.None, present.Error);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private WeakReference GiveUp(AppendOutcome append)
    {
        var wait = new CommitWait(A.Waiters, 1);
        A.Orders.Watch(append, RequiredAcks.All, wait, 0);
        Task over = _cluster.Pump.Start(async () => await wait.WaitAsync(TimeSpan.Zero));
        Assert.True(over.IsCompleted);
        Assert.Equal(ErrorCode.RequestTimedOut, wait[0]);
        return new WeakReference(wait);
    }

    private OffsetLookup Find(long timestamp) => A.Orders.FindOffset(LeaderEpoch.None, timestamp, Audience.Uncommitted);

    private void Release(CrashDisk disk)
    {
        TaskCompletionSource held = disk.HeldFlush!;
        disk.HeldFlush = null;
        _cluster.Pump.Start(() =>
        {
            held.SetResult();
            return 0;
        });
    }

    /// <summary>The follower is gone, and the controller, which has fenced it, has taken it out of the in-sync set.</summary>
    private void OnceBothAreInSyncOneStandsThereOnce(ProducerStamp stamp)
    {
        B.Restart();
        _cluster.Register(B);
        _cluster.TellAll();
        _cluster.Advance(50);
        Assert.Equal(2, A.Proposals[^1].Proposal.InSync.Count);
        A.Grant();
        _cluster.TellAll();
        Assert.Equal(ErrorCode.None, Result(A.Produce(A.Orders, RequiredAcks.All, Batches.With(stamp, "one"))));
        Assert.Equal(["one"], A.Consume());
        Assert.Equal(["one"], Batches.Values(B.Orders.Log));
    }

    private void ShrinkToA()
    {
        B.LosePower();
        _cluster.Commit(
            new PartitionChangeRecord
            {
                TopicId = TestCluster.OrdersId,
                PartitionId = 0,
                Isr = [A.Id],
            }
        );
        _cluster.Tell(0);
    }

    private T Result<T>(Task<T> task) => _cluster.Result(task);
}
