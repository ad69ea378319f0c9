using RaftLog.Broker.Coordination;
using RaftLog.Broker.Runtime;
using RaftLog.Broker.Tests.Partitions;
using RaftLog.Coordination;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Broker.Tests.Coordination;

/// <summary>
/// The runtime of coordinators over real partitions of one to three nodes: what is answered when, and what a new leader knows.
/// </summary>
public sealed class CoordinatorShardsTests : IDisposable
{
    private const string Key = "key";
    private static readonly ProducerStamp Producer = new(new ProducerId(7), new ProducerEpoch(0), ProducerStamp.NoSequence);
    private readonly TestCluster _cluster = new(2);
    private readonly CoordinatorShards<RegisterState>[] _shards = new CoordinatorShards<RegisterState>[2];
    private readonly MetadataImage[] _images = [MetadataImage.Empty, MetadataImage.Empty];
    private readonly List<string> _effects = [];
    private RegisterState? _state;

    public CoordinatorShardsTests()
    {
        Wire(0);
        Wire(1);
    }

    private TestNode A => _cluster.Nodes[0];

    private TestNode B => _cluster.Nodes[1];

    public void Dispose()
    {
        foreach (CoordinatorShards<RegisterState> shards in _shards)
        {
            shards.Stop();
        }

        _cluster.Dispose();
    }

    [Fact]
    public void A_response_leaves_when_every_in_sync_replica_has_flushed_what_it_rests_on()
    {
        Create(0, 1);
        B.Disk.HeldFlush = new TaskCompletionSource();
        Task<FindCoordinatorResponse> set = Set(0, "a=1");
        Task<FindCoordinatorResponse> get = Get(0);
        _cluster.Advance(20);
        Assert.False(set.IsCompleted);

        // It saw the first input's record, which can still be lost.
        Assert.False(get.IsCompleted);

        Release(B);
        Assert.Equal(ErrorCode.None, _cluster.Result(set).ErrorCode);
        Assert.Equal("a=1", _cluster.Result(get).ErrorMessage);
    }

    [Fact]
    public void Inputs_do_not_wait_for_the_commits_of_earlier_ones()
    {
        Create(0);
        A.Disk.HeldFlush = new TaskCompletionSource();
        Task<FindCoordinatorResponse>[] sets = [.. Enumerable.Range(0, 5).Select(i => Set(0, $"k{i}={i}"))];
        Assert.Equal(new Offset(5), A.Orders.Log.EndOffset);
        Assert.All(sets, set => Assert.False(set.IsCompleted));

        Release(A);
        Assert.All(sets, set => Assert.Equal(ErrorCode.None, _cluster.Result(set).ErrorCode));
    }

    [Fact]
    public void A_read_of_what_is_committed_is_answered_at_once()
    {
        Create(0);
        _cluster.Result(Set(0, "a=1"));
        Assert.Equal("a=1", _cluster.Result(Get(0)).ErrorMessage);
    }

    [Fact]
    public void The_records_of_a_decision_are_one_batch()
    {
        Create(0);
        _cluster.Result(Set(0, "a=1", "b=2", "c=3"));
        byte[] bytes = new byte[10_000];
        using Storage.LogSlice slice = A.Orders.Log.Read(Offset.Zero, bytes.Length, new Offset(3), true).Slice;
        int length = slice.Read(bytes);
        RecordBatch.Read(bytes.AsSpan(0, length), out RecordBatch batch);
        Assert.Equal((length, 3), (batch.Size, batch.RecordCount));
    }

    [Fact]
    public void A_new_leader_knows_what_was_committed_and_the_old_one_says_not_coordinator()
    {
        Create(0, 1);
        _cluster.Result(Set(0, "a=1", "b=2"));
        _cluster.Result(Set(0, "a"));
        Elect(1);
        Assert.Equal(ErrorCode.NotCoordinator, _cluster.Result(Get(0)).ErrorCode);
        Assert.Equal("b=2", _cluster.Result(Get(1)).ErrorMessage);
    }

    [Fact]
    public void Who_waits_is_told_not_coordinator_when_the_leadership_ends()
    {
        Create(0, 1);
        Task<FindCoordinatorResponse> parked = Call(0, mayWrite: true, (state, token, outbox) => state.Park(token));
        B.Disk.HeldFlush = new TaskCompletionSource();
        Task<FindCoordinatorResponse> set = Set(0, "a=1");
        _cluster.Advance(5);
        Assert.False(parked.IsCompleted || set.IsCompleted);

        Elect(1);
        Assert.Equal(ErrorCode.NotCoordinator, _cluster.Result(parked).ErrorCode);
        Assert.Equal(ErrorCode.NotCoordinator, _cluster.Result(set).ErrorCode);
        Release(B);
    }

    [Fact]
    public void A_leader_that_does_not_know_yet_of_its_successor_answers_nothing_and_its_records_are_gone()
    {
        Create(0, 1);
        _cluster.Result(Set(0, "a=1"));
        _cluster.Elect(1, 0, 1);
        _cluster.Tell(1);
        Apply(1);
        Task<FindCoordinatorResponse> lost = Set(0, "a=lost");
        _cluster.Advance(50);
        Assert.False(lost.IsCompleted);

        _cluster.Tell(0);
        Apply(0);
        Assert.Equal(ErrorCode.NotCoordinator, _cluster.Result(lost).ErrorCode);
        _cluster.Advance(50);
        Assert.Equal("a=1", _cluster.Result(Get(1)).ErrorMessage);
    }

    [Fact]
    public void What_a_new_leader_has_loaded_and_not_committed_is_not_told()
    {
        Create(0, 1);
        _cluster.Result(Set(0, "a=1"));
        A.LosePower();
        _cluster.Elect(1, 1, 0);
        _cluster.Tell(1);
        Apply(1);

        // A counts as in sync until the controller says otherwise, so nothing of B's is committed meanwhile.
        Task<FindCoordinatorResponse> set = Set(1, "b=2");
        _cluster.Advance(20);
        Assert.False(set.IsCompleted);
        _cluster.Elect(1, 1);
        _cluster.Tell(1);
        Apply(1);
        _cluster.Advance(20);
        Assert.Equal("a=1 b=2", _cluster.Result(Get(1)).ErrorMessage);
    }

    [Fact]
    public void A_leadership_that_begins_anew_on_the_same_node_loads_anew()
    {
        Create(0, 1);
        _cluster.Result(Set(0, "a=1"));
        RegisterState before = _state!;
        Elect(0);
        Assert.Equal("a=1", _cluster.Result(Get(0)).ErrorMessage);
        Assert.NotSame(before, _state);
        Assert.Equal(1, _state!.Activations);
    }

    [Fact]
    public void Without_enough_replicas_a_writer_is_rejected_before_it_is_decided_and_a_reader_is_answered()
    {
        _cluster.MinInSync = 2;
        Create(0, 1);
        _cluster.Result(Set(0, "a=1"));
        RegisterState before = _state!;
        Shrink(0);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _cluster.Result(Set(0, "a=2")).ErrorCode);
        Assert.Equal("a=1", _cluster.Result(Get(0)).ErrorMessage);
        Assert.Same(before, _state);
    }

    [Fact]
    public void A_state_whose_records_were_not_taken_is_loaded_anew()
    {
        _cluster.MinInSync = 2;
        Create(0, 1);
        _cluster.Result(Set(0, "a=1"));
        Task<FindCoordinatorResponse> parked = Call(0, mayWrite: false, (state, token, outbox) => state.Park(token));
        Shrink(0);

        // It says that it only reads, and writes: the runtime finds out when the log does not take the record.
        Task<FindCoordinatorResponse> set = Call(0, mayWrite: false, (state, token, outbox) => state.Set(token, outbox, "a=2"));
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _cluster.Result(set).ErrorCode);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _cluster.Result(parked).ErrorCode);
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, _cluster.Result(Get(0)).ErrorCode);

        _cluster.MinInSync = 1;
        Elect(0);
        Assert.Equal("a=1", _cluster.Result(Get(0)).ErrorMessage);
    }

    [Fact]
    public void A_state_that_cannot_be_loaded_is_not_available_until_it_can()
    {
        Create(0, 1);
        _cluster.Result(Set(0, "a=1"));
        Damage();
        Elect(0);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _cluster.Result(Get(0)).ErrorCode);

        Damage();
        _cluster.Advance(1_100);
        Assert.Equal("a=1", _cluster.Result(Get(0)).ErrorMessage);

        void Damage() =>
            A.Disk.Corrupt(
                "/data/orders-0/00000000000000000000.log",
                static bytes =>
                {
                    bytes[^1] ^= 1;
                    return bytes;
                }
            );
    }

    [Fact]
    public void A_defect_of_the_state_costs_its_request_an_error_and_the_state_a_load()
    {
        Create(0);
        _cluster.Result(Set(0, "a=1"));
        Task<FindCoordinatorResponse> parked = Call(0, mayWrite: true, (state, token, outbox) => state.Park(token));
        Task<FindCoordinatorResponse> defect = Call(
            0,
            mayWrite: true,
            (state, token, outbox) => throw new InvalidOperationException("a defect")
        );
        Assert.Equal(ErrorCode.UnknownServerError, _cluster.Result(defect).ErrorCode);
        Assert.Equal(ErrorCode.NotCoordinator, _cluster.Result(parked).ErrorCode);
        _cluster.Advance(1_100);
        Assert.Equal("a=1", _cluster.Result(Get(0)).ErrorMessage);
    }

    [Fact]
    public void A_commit_that_takes_too_long_is_told_and_still_counts()
    {
        Create(0, 1);
        B.Disk.HeldFlush = new TaskCompletionSource();
        Task<FindCoordinatorResponse> set = Set(0, "a=1");
        _cluster.Advance(499);
        Assert.False(set.IsCompleted);
        _cluster.Advance(2);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _cluster.Result(set).ErrorCode);
        Release(B);
        _cluster.Advance(5);
        Assert.Equal("a=1", _cluster.Result(Get(0)).ErrorMessage);
    }

    [Fact]
    public void Deadlines_of_the_state_are_kept()
    {
        Create(0);
        long at = A.Waiters.NowMs + 30;
        Call(0, mayWrite: false, (state, token, outbox) => state.TickAt(at));
        _cluster.Advance(29);
        Assert.Equal("", _state!.Text);
        _cluster.Advance(2);
        Assert.Equal($"ticked={at}", _state!.Text);
    }

    [Fact]
    public void A_request_that_waits_is_answered_by_a_later_input_and_its_commit()
    {
        Create(0);
        Task<FindCoordinatorResponse> parked = Call(0, mayWrite: true, (state, token, outbox) => state.Park(token));
        Set(0, "a=1");
        Assert.False(parked.IsCompleted);
        Call(0, mayWrite: true, (state, token, outbox) => state.Unpark(outbox));
        Assert.Equal("a=1", _cluster.Result(parked).ErrorMessage);
    }

    [Fact]
    public void An_effect_is_carried_out_when_what_was_appended_before_is_committed()
    {
        Create(0, 1);
        B.Disk.HeldFlush = new TaskCompletionSource();
        Call(
            0,
            mayWrite: true,
            (state, token, outbox) =>
            {
                state.Set(token, outbox, "a=1");
                outbox.Do(new Note("markers"));
            }
        );
        _cluster.Advance(20);
        Assert.Empty(_effects);
        Release(B);
        _cluster.Advance(5);
        Assert.Equal(["markers of 0 in 0: a=1"], _effects);
    }

    [Fact]
    public void An_effect_whose_records_were_lost_is_not_carried_out()
    {
        Create(0, 1);
        B.Disk.HeldFlush = new TaskCompletionSource();
        Call(
            0,
            mayWrite: true,
            (state, token, outbox) =>
            {
                state.Set(token, outbox, "a=1");
                outbox.Do(new Note("markers"));
            }
        );
        Elect(1);
        Release(B);
        _cluster.Advance(50);
        Assert.Empty(_effects);
    }

    [Fact]
    public void An_input_without_a_request_waits_until_the_partition_takes_records()
    {
        _cluster.MinInSync = 2;
        Create(0, 1);
        RegisterState before = _state!;
        Shrink(0);
        PostSet("a=1");
        PostSet("a=2");
        _cluster.Advance(200);
        Assert.Equal("", before.Text);

        _cluster.Commit(
            new Protocol.Metadata.PartitionChangeRecord
            {
                TopicId = TestCluster.OrdersId,
                PartitionId = 0,
                Isr = [new NodeId(0), new NodeId(1)],
            }
        );
        TellAll();
        _cluster.Advance(200);
        Assert.Equal("a=2", before.Text);
        Assert.Same(before, _state);
    }

    [Fact]
    public void An_input_for_another_leadership_is_passed_over()
    {
        Create(0, 1);
        Elect(0);
        _cluster.Pump.Start(() =>
        {
            _shards[0].Post(0, new LeaderEpoch(0), (state, _, outbox) => state.Set(default, outbox, "a=old"));
            _shards[0].Post(0, new LeaderEpoch(1), (state, _, outbox) => state.Set(default, outbox, "b=new"));
            return 0;
        });
        Assert.Equal("b=new", _state!.Text);
    }

    [Theory]
    [InlineData(true, "a=2")]
    [InlineData(false, "a=1")]
    public void What_a_transaction_writes_takes_effect_with_its_marker_here_and_at_the_next_leader(bool isCommit, string expected)
    {
        Create(0, 1);
        _cluster.Result(Set(0, "a=1"));
        A.Orders.BeginVerification(Producer, startsAtZero: false);
        Assert.Equal(ErrorCode.None, _cluster.Result(Stage(Producer, "a=2")).ErrorCode);
        Assert.Equal("a=1", _cluster.Result(Get(0)).ErrorMessage);
        Assert.Equal(new Offset(1), A.Orders.Log.LastStableOffset);

        Elect(1);
        Assert.Equal("a=1", _cluster.Result(Get(1)).ErrorMessage);
        TransactionMarker marker = new(Producer.Id, Producer.Epoch, isCommit, new LeaderEpoch(3), TransactionVersion: 0);
        Task<ErrorCode> ended = _cluster.Pump.Start(() => _shards[1].AppendMarkerAsync(0, marker));
        Assert.Equal(ErrorCode.None, _cluster.Result(ended));
        Assert.Equal(expected, _cluster.Result(Get(1)).ErrorMessage);

        Elect(0);
        Assert.Equal(expected, _cluster.Result(Get(0)).ErrorMessage);
        Assert.Equal(A.Orders.Log.EndOffset, A.Orders.Log.LastStableOffset);
    }

    [Fact]
    public void A_fenced_producer_is_told_so_and_nobody_else_notices()
    {
        Create(0);
        A.Orders.BeginVerification(Producer with { Epoch = new ProducerEpoch(4) }, startsAtZero: false);
        _cluster.Result(Stage(Producer with { Epoch = new ProducerEpoch(4) }, "a=1"));
        RegisterState before = _state!;
        Assert.Equal(
            ErrorCode.InvalidProducerEpoch,
            _cluster.Result(Stage(Producer with { Epoch = new ProducerEpoch(3) }, "a=2")).ErrorCode
        );
        Assert.Equal(ErrorCode.None, _cluster.Result(Set(0, "b=1")).ErrorCode);
        Assert.Same(before, _state);
    }

    [Fact]
    public void What_was_not_verified_or_was_before_the_transaction_ended_is_not_written_in_a_transaction()
    {
        Create(0);
        Assert.Equal(ErrorCode.InvalidTxnState, _cluster.Result(Stage(Producer, "a=1")).ErrorCode);

        A.Orders.BeginVerification(Producer, startsAtZero: false);
        TransactionMarker marker = new(Producer.Id, Producer.Epoch, IsCommit: false, new LeaderEpoch(3), TransactionVersion: 0);
        Assert.Equal(ErrorCode.None, _cluster.Result(_cluster.Pump.Start(() => _shards[0].AppendMarkerAsync(0, marker))));
        Assert.Equal(ErrorCode.InvalidTxnState, _cluster.Result(Stage(Producer, "a=1")).ErrorCode);
        Assert.Equal(A.Orders.Log.EndOffset, A.Orders.Log.LastStableOffset);
    }

    [Fact]
    public void A_topic_that_is_gone_has_no_coordinator()
    {
        Create(0);
        _cluster.Result(Set(0, "a=1"));
        _cluster.Commit(new Protocol.Metadata.RemoveTopicRecord { TopicId = TestCluster.OrdersId });
        TellAll();
        Assert.Equal(0, _shards[0].PartitionCount);
        Assert.Equal(ErrorCode.NotCoordinator, _cluster.Result(Get(0)).ErrorCode);
    }

    private Task<FindCoordinatorResponse> Stage(ProducerStamp producer, string assignment) =>
        Call(
            0,
            mayWrite: true,
            (state, token, outbox) =>
            {
                outbox.Producer = producer;
                state.Set(token, outbox, assignment);
            }
        );

    private Task<FindCoordinatorResponse> Set(int node, params string[] assignments) =>
        Call(node, mayWrite: true, (state, token, outbox) => state.Set(token, outbox, assignments));

    private Task<FindCoordinatorResponse> Get(int node) => Call(node, mayWrite: false, (state, token, outbox) => state.Get(token, outbox));

    private Task<FindCoordinatorResponse> Call(int node, bool mayWrite, Action<RegisterState, RequestToken, Outbox> command) =>
        _cluster.Pump.Start(() =>
            _shards[node]
                .CallAsync(
                    Key,
                    mayWrite,
                    (state, token, _, outbox) => command(state, token, outbox),
                    error => RegisterState.Response("", error)
                )
        );

    private void PostSet(string assignment) =>
        _cluster.Pump.Start(() =>
        {
            _shards[0].PostToAll((state, _, outbox) => state.Set(default, outbox, assignment));
            return 0;
        });

    private void Create(params int[] replicas)
    {
        _cluster.CreateOrders(replicas);
        TellAll();
    }

    private void Elect(int leader)
    {
        _cluster.Elect(leader, 0, 1);
        TellAll();
        _cluster.Advance(50);
    }

    /// <summary>Only the leader stays in sync.</summary>
    private void Shrink(int leader)
    {
        _cluster.Commit(
            new Protocol.Metadata.PartitionChangeRecord
            {
                TopicId = TestCluster.OrdersId,
                PartitionId = 0,
                Isr = [new NodeId(leader)],
            }
        );
        TellAll();
    }

    private void TellAll()
    {
        _cluster.TellAll();
        Apply(0);
        Apply(1);
    }

    private void Apply(int node) =>
        _cluster.Pump.Start(() =>
        {
            MetadataImage image = _cluster.Image;
            if (_cluster.Nodes[node].Table.Find(TestCluster.Orders) is { } partition)
            {
                _shards[node].Update(partition);
            }

            _shards[node].ApplyAsync(new MetadataUpdate(image, MetadataChanges.Between(_images[node], image)));
            _images[node] = image;
            return 0;
        });

    private void Release(TestNode node)
    {
        TaskCompletionSource held = node.Disk.HeldFlush!;
        node.Disk.HeldFlush = null;
        _cluster.Pump.Start(() =>
        {
            held.SetResult();
            return 0;
        });
    }

    private void Wire(int node)
    {
        TestNode of = _cluster.Nodes[node];
        _shards[node] = new CoordinatorShards<RegisterState>(
            TestCluster.Orders.Topic,
            (_, _) => _state = new RegisterState(),
            new CoordinatorOptions(
                TimeSpan.FromMilliseconds(500),
                (partition, epoch, effect) => _effects.Add($"{effect} of {partition} in {epoch}: {_state!.Text}")
            ),
            of.Waiters,
            new Supervisor(of.Process),
            new NodeLog(of.Disk, _cluster.Time, "/node-log")
        );
    }

    private sealed record Note(string Text) : ICoordinatorEffect
    {
        public override string ToString() => Text;
    }
}
