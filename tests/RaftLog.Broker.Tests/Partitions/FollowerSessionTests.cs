using RaftLog.Broker.Cluster;
using RaftLog.Broker.Fetching;
using RaftLog.Broker.Handlers;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;
using RaftLog.Replication;

namespace RaftLog.Broker.Tests.Partitions;

/// <summary>Followers that fetch by sessions: what a round costs, and what a fetch counts for that does not name a partition.</summary>
public sealed class FollowerSessionTests : IDisposable
{
    private const int Quiet = 300;
    private const short Version = 18;

    private readonly TestCluster _cluster = new(3);

    private TestNode A => _cluster.Nodes[0];

    private TestNode B => _cluster.Nodes[1];

    private TestNode C => _cluster.Nodes[2];

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void Follower_round_names_what_has_changed_however_many_partitions_stand_still()
    {
        _cluster.Create("quiet", new Uuid(8, 8), Quiet, 0, 1);
        _cluster.CreateOrders(0, 1);
        _cluster.Advance(50);
        int before = A.Server.NamedPartitions;
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(ErrorCode.None, _cluster.Result(A.Produce(RequiredAcks.All, $"v{i}")));
        }

        Assert.Equal(Batches.Records(A.Orders.Log), Batches.Records(B.Orders.Log));
        Assert.InRange(A.Server.NamedPartitions - before, 20, 60);

        // Idle rounds name nothing, and the session lives on one connection.
        before = A.Server.NamedPartitions;
        int fetches = A.Server.Fetches;
        _cluster.Advance(5_000);
        Assert.InRange(A.Server.Fetches - fetches, 8, 12);
        Assert.Equal(before, A.Server.NamedPartitions);
    }

    [Fact]
    public void Leader_look_covers_what_has_changed_however_many_partitions_stand_still()
    {
        _cluster.Create("quiet", new Uuid(8, 8), Quiet, 0);
        _cluster.CreateOrders(0);
        _cluster.Pump.Drain();
        FetchSessions sessions = new(10, new SystemEntropy());
        FetchReader reader = ReaderOf(1 << 20);
        FetchRequest first = new()
        {
            MinBytes = 1,
            MaxBytes = 1 << 20,
            SessionEpoch = 0,
        };
        foreach (Partition partition in A.Table.All)
        {
            FetchRequest.FetchTopic topic = new() { TopicId = partition.Id.TopicId };
            topic.Partitions.Add(new() { Partition = partition.Id.Partition, PartitionMaxBytes = 1 << 20 });
            first.Topics.Add(topic);
        }

        int session;
        List<FetchedPartition> found = [];
        using (FetchPlan plan = sessions.Resolve(first, Version, NodeId.None, A.Waiters.NowMs))
        {
            reader.Look(plan.TakeDue(Audience.Uncommitted), found, 1);
            Assert.Equal(Quiet + 1, found.Count);
            found.ForEach(each => each.Target.Tell(each.Read.HighWatermark, each.Read.LogStart));
            plan.Settle(reader, found);
            session = plan.SessionId;
        }

        Assert.Equal(ErrorCode.None, _cluster.Result(A.Produce(RequiredAcks.All, "one")));
        FetchRequest next = new()
        {
            MinBytes = 1,
            MaxBytes = 1 << 20,
            SessionId = session,
            SessionEpoch = 1,
        };
        using FetchPlan second = sessions.Resolve(next, Version, NodeId.None, A.Waiters.NowMs);
        Assert.Equal(A.Orders.Id.Partition, Assert.Single(second.TakeDue(Audience.Uncommitted)).Key.Partition);
    }

    [Fact]
    public void Follower_whose_leader_keeps_no_sessions_copies_all_the_same()
    {
        A.Stop();
        _cluster.FetchSessionSlots = 0;
        A.Restart();
        _cluster.Register(A);
        _cluster.TellAll();
        _cluster.CreateOrders(0, 1);
        _cluster.Advance(1_000);
        Assert.Equal(ErrorCode.None, _cluster.Result(A.Produce(RequiredAcks.All, "one")));
        Assert.Equal(["one"], Batches.Values(B.Orders.Log));
    }

    [Fact]
    public void Follower_whose_session_was_replaced_asks_for_everything_again()
    {
        _cluster.CreateOrders(0, 1);
        _cluster.Advance(50);
        FetchRequest other = FullRequest(new BrokerEpoch(B.RegisteredAs.Value + 1));
        A.Sessions.Resolve(other, Version, B.Id, A.Waiters.NowMs).Dispose();
        _cluster.Advance(510);
        Assert.Equal(ErrorCode.None, _cluster.Result(A.Produce(RequiredAcks.All, "one")));
        Assert.Equal(1, A.Server.Connections);
    }

    [Fact]
    public void Follower_that_holds_unflushed_bytes_is_not_in_sync_because_its_session_goes_on()
    {
        _cluster.Create("others", new Uuid(8, 8), 1, 0, 1);
        _cluster.CreateOrders(0, 1);
        _cluster.Advance(50);
        B.Disk.HeldFlush = new TaskCompletionSource();
        A.Produce(RequiredAcks.Leader, "one");
        int before = A.Server.Fetches;
        _cluster.Advance(3_000);

        // The other partition is fetched all the time.
        Assert.True(A.Server.Fetches - before > 4);
        List<(Partition Partition, IsrProposal Proposal)> proposals = [.. A.Proposals.Where(each => each.Partition == A.Orders)];
        Assert.NotEmpty(proposals);
        Assert.All(proposals, each => Assert.Equal([A.Id], each.Proposal.InSync.Nodes.ToArray()));
        Assert.Equal(Offset.Zero, A.Orders.Log.HighWatermark);
        Release(B);
    }

    [Fact]
    public void Follower_of_a_partition_that_was_quiet_for_long_is_in_sync_when_it_is_written_to()
    {
        _cluster.CreateOrders(0, 1);
        _cluster.Advance(10_050);
        B.Disk.HeldFlush = new TaskCompletionSource();
        A.Produce(RequiredAcks.Leader, "one");
        _cluster.Advance(520);
        Release(B);
        _cluster.Advance(2_000);
        Assert.Empty(A.Proposals);
        Assert.Equal(new Offset(1), A.Orders.Log.HighWatermark);
    }

    [Fact]
    public void Follower_that_was_not_heard_of_leaves_at_once_when_a_quiet_partition_is_written_to()
    {
        _cluster.CreateOrders(0, 1);
        _cluster.Advance(1_000);
        B.Stop();
        _cluster.Advance(10_000);
        Assert.Empty(A.Proposals);
        A.Produce(RequiredAcks.Leader, "one");
        _cluster.Advance(601);
        Assert.Equal([A.Id], Assert.Single(A.Proposals).Proposal.InSync.Nodes.ToArray());
    }

    [Fact]
    public void Follower_joins_once_it_is_unfenced_though_nothing_is_written()
    {
        _cluster.Create("orders", TestCluster.OrdersId, 1, 0, 1);
        _cluster.Elect(0, 0);
        _cluster.Commit(
            new BrokerRegistrationChangeRecord
            {
                BrokerId = B.Id,
                BrokerEpoch = B.RegisteredAs,
                Fenced = 1,
            }
        );
        _cluster.TellAll();
        _cluster.Advance(2_000);
        Assert.Empty(A.Proposals);
        _cluster.Commit(
            new BrokerRegistrationChangeRecord
            {
                BrokerId = B.Id,
                BrokerEpoch = B.RegisteredAs,
                Fenced = -1,
            }
        );
        _cluster.TellAll();
        _cluster.Advance(1_100);
        Assert.Equal([A.Id, B.Id], Assert.Single(A.Proposals).Proposal.InSync.Nodes.ToArray());
    }

    [Fact]
    public void Follower_hears_of_the_high_watermark_though_nothing_more_is_written()
    {
        _cluster.CreateOrders(0, 1, 2);
        _cluster.Advance(50);
        C.Disk.HeldFlush = new TaskCompletionSource();
        A.Produce(RequiredAcks.Leader, "one");
        _cluster.Advance(100);
        Release(C);
        Assert.Equal(new Offset(1), A.Orders.Log.HighWatermark);
        _cluster.Advance(1_010);
        Assert.Equal(new Offset(1), B.Orders.Log.HighWatermark);
    }

    [Fact]
    public void Session_that_stands_below_the_log_end_is_behind_however_often_it_is_heard_of()
    {
        _cluster.CreateOrders(0, 1);
        _cluster.Advance(50);
        B.Stop();
        _cluster.Pump.Drain();
        FetchRequest full = FullRequest(B.RegisteredAs);
        full.Topics[0].Partitions[0].CurrentLeaderEpoch = new LeaderEpoch(0);
        int session = Fetch(full).SessionId;
        A.Produce(RequiredAcks.Leader, "one");
        for (int i = 1; i < 30; i++)
        {
            // It is given the record each time, and never says that it has it.
            FetchResponse response = Fetch(
                new()
                {
                    SessionId = session,
                    SessionEpoch = i,
                    MinBytes = 1,
                    MaxBytes = 1 << 20,
                }
            );
            Assert.Equal(["one"], Batches.Values(response.Responses.Single().Partitions.Single().Records!.Value.Span));
            _cluster.Advance(100);
        }

        Assert.Equal([A.Id], Assert.Single(A.Proposals).Proposal.InSync.Nodes.ToArray());
        Assert.Equal(Offset.Zero, A.Orders.Log.HighWatermark);
    }

    [Fact]
    public void Leader_keeps_nothing_of_a_session_that_was_replaced()
    {
        _cluster.CreateOrders(0);
        FetchSessions sessions = new(1, new SystemEntropy());
        List<WeakReference> left = [];
        for (int i = 0; i < 200; i++)
        {
            left.Add(Begin(sessions, new BrokerEpoch(i)));
        }

        GC.Collect();
        Assert.InRange(left.Count(each => each.IsAlive), 0, 2);
    }

    private FetchReader ReaderOf(int maxBytes)
    {
        PartitionLookup lookup = new(A.Table, new MetadataCache(A.Waiters, "cluster", A.Id));
        return new FetchReader(lookup, Audience.Uncommitted, NodeId.None, BrokerEpoch.None, maxBytes)
        {
            Throttle = new ReplicationThrottle(),
            NowMs = static () => 0,
        };
    }

    private FetchRequest FullRequest(BrokerEpoch incarnation)
    {
        FetchRequest request = new()
        {
            SessionEpoch = 0,
            MinBytes = 1,
            MaxBytes = 1 << 20,
            Topics = [new() { TopicId = TestCluster.OrdersId }],
        };
        request.Topics[0].Partitions.Add(new() { Partition = 0, PartitionMaxBytes = 1 << 20 });
        request.ReplicaState.ReplicaId = B.Id;
        request.ReplicaState.ReplicaEpoch = incarnation;
        return request;
    }

    private FetchResponse Fetch(FetchRequest request)
    {
        request.ReplicaState.ReplicaId = B.Id;
        request.ReplicaState.ReplicaEpoch = B.RegisteredAs;
        RequestContext context = new(ApiKey.Fetch, Version, "", new ConnectionContext(1, new NetworkAddress("follower", 1), "PLAINTEXT"));
        return _cluster.Result(_cluster.Pump.Start(async () => (await A.Fetches.HandleAsync(request, context))!));
    }

    private void Release(TestNode node)
    {
        TaskCompletionSource held = node.Disk.HeldFlush!;
        node.Disk.HeldFlush = null;
        _cluster.Pump.Start(() =>
        {
            held.SetResult();
            return 0;
        });
        _cluster.Pump.Drain();
    }

    private WeakReference Begin(FetchSessions sessions, BrokerEpoch incarnation)
    {
        using FetchPlan plan = sessions.Resolve(FullRequest(incarnation), Version, B.Id, A.Waiters.NowMs);
        FetchReader reader = ReaderOf(1);
        List<FetchedPartition> found = [];
        reader.Look(plan.TakeDue(Audience.Uncommitted), found, 1);
        plan.Settle(reader, found);
        return new WeakReference(plan.Session);
    }
}
