using RaftLog.Broker.Partitions;
using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Replication;

namespace RaftLog.Broker.Tests.Partitions;

/// <summary>Followers over real logs, channels and frames: what they copy, cut and claim, and how soon.</summary>
public sealed class FollowerFetcherTests : IDisposable
{
    private readonly TestCluster _cluster = new(3);

    private TestNode A => _cluster.Nodes[0];

    private TestNode B => _cluster.Nodes[1];

    private TestNode C => _cluster.Nodes[2];

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void A_follower_copies_and_the_high_watermark_moves_without_any_time_passing()
    {
        // Nothing in the round trip sleeps: append, fetch, flush, the next fetch and the response are all driven by one another.
        _cluster.CreateOrders(0, 1, 2);
        for (int i = 0; i < 20; i++)
        {
            Task<ErrorCode> produced = A.Produce(RequiredAcks.All, $"v{i}");
            _cluster.Pump.Drain();
            Assert.True(produced.IsCompleted);
            Assert.Equal(ErrorCode.None, _cluster.Result(produced));
        }

        Assert.Equal(Batches.Records(A.Orders.Log), Batches.Records(B.Orders.Log));
        Assert.Equal(Batches.Records(A.Orders.Log), Batches.Records(C.Orders.Log));
        Assert.Equal(20, A.Consume().Count);
    }

    [Fact]
    public void A_new_leader_hears_from_its_followers_at_once_though_they_were_waiting_at_it_for_something_else()
    {
        // C's fetch of the shipments is parked at B when B becomes leader of the orders. The orders must not wait for that fetch to end.
        _cluster.Create("shipments", new Uuid(8, 8), 1, 1, 2);
        _cluster.CreateOrders(0, 1, 2);
        _cluster.Advance(3);
        A.Stop();
        _cluster.Elect(1, 1, 2);
        _cluster.Tell(2, 1);
        Task<ErrorCode> produced = B.Produce(RequiredAcks.All, "one");
        _cluster.Advance(40);

        Assert.True(produced.IsCompleted);
        Assert.Equal(ErrorCode.None, _cluster.Result(produced));
    }

    [Fact]
    public void A_fetch_that_waited_for_its_connection_does_not_claim_what_another_leader_has_truncated()
    {
        _cluster.CreateOrders(0, 1, 2);
        Ended(A.Produce(RequiredAcks.All, "one"));
        A.Stop();
        _cluster.Pump.Drain();
        A.Restart();
        A.Server.Greeting = new TaskCompletionSource();
        _cluster.Advance(2_000);
        Assert.True(A.Server.Connections > 0);

        _cluster.Elect(1, 1, 2);
        _cluster.Tell(1, 2);
        A.Server.Greeting.SetResult();
        _cluster.Advance(50);

        Assert.Equal(0, A.Server.Fetches);
    }

    [Fact]
    public void A_leader_that_restarts_without_its_tail_follows_and_truncates_what_the_new_leader_lacks()
    {
        _cluster.CreateOrders(0, 1, 2);
        Ended(A.Produce(RequiredAcks.All, "kept"));
        B.Server.IsMute = C.Server.IsMute = true;
        A.Disk.HeldFlush = null;
        A.Server.IsMute = true;
        Task<ErrorCode> lost = A.Produce(RequiredAcks.All, "lost");
        _cluster.Pump.Drain();
        A.Stop();
        B.Server.IsMute = C.Server.IsMute = false;
        _cluster.Elect(1, 1, 2);
        _cluster.Tell(1, 2);
        Ended(B.Produce(RequiredAcks.All, "other"));

        A.Restart();
        Assert.Equal(["kept", "lost"], Batches.Values(Log(A)));
        _cluster.Register(A);
        _cluster.TellAll();
        _cluster.Advance(50);

        Assert.Equal(["kept", "other"], Batches.Values(A.Orders.Log));
        Assert.Equal(Batches.Records(B.Orders.Log), Batches.Records(A.Orders.Log));
        Assert.True(lost.IsCompleted);
        Assert.NotEqual(ErrorCode.None, _cluster.Result(lost));
    }

    [Fact]
    public void A_restarted_leader_does_not_lead_before_metadata_has_its_registration()
    {
        _cluster.CreateOrders(0, 1);
        Ended(A.Produce(RequiredAcks.All, "one"));
        A.LosePower();
        A.Restart();
        _cluster.Tell(0);
        Assert.Null(A.Table.Find(TestCluster.Orders));

        _cluster.Elect(1, 1);
        _cluster.Register(A);
        _cluster.TellAll();
        _cluster.Advance(50);
        Assert.IsType<PartitionFollowerRole>(A.Orders.Role);
        Assert.True(B.Proposals[^1].Proposal.InSync.SameAs(NodeSet.Of(B.Id, A.Id)));
        Assert.Equal(A.RegisteredAs, B.Proposals[^1].Proposal.BrokerEpochs[1]);
    }

    [Fact]
    public void What_was_acknowledged_survives_the_loss_of_power_on_all_nodes()
    {
        _cluster.CreateOrders(0, 1, 2);
        for (int i = 0; i < 5; i++)
        {
            Ended(A.Produce(RequiredAcks.All, $"v{i}"));
        }

        foreach (TestNode node in _cluster.Nodes)
        {
            node.LosePower();
        }

        foreach (TestNode node in _cluster.Nodes)
        {
            node.Restart();
            Assert.Equal(["v0", "v1", "v2", "v3", "v4"], Batches.Values(Log(node)));
        }
    }

    [Fact]
    public void A_follower_below_the_leaders_log_start_starts_over_there()
    {
        _cluster.CreateOrders(0, 1);
        Ended(A.Produce(RequiredAcks.All, "one"));
        B.Stop();
        Task<ErrorCode> second = A.Produce(RequiredAcks.All, "two");
        _cluster.Advance(2_000);
        A.Grant();
        _cluster.TellAll();
        Ended(second);
        Ended(A.Produce(RequiredAcks.All, "three"));
        A.Orders.DeleteRecords(new Offset(2), new WakeList());

        B.Restart();
        _cluster.Register(B);
        _cluster.TellAll();
        _cluster.Advance(100);
        Assert.Equal(new Offset(2), B.Orders.Log.StartOffset);
        Assert.Equal(["three"], Batches.Values(B.Orders.Log));
        Assert.True(A.Proposals[^1].Proposal.InSync.SameAs(NodeSet.Of(A.Id, B.Id)));
    }

    [Fact]
    public void A_replica_copies_a_log_that_begins_inside_a_batch()
    {
        _cluster.CreateOrders(0);
        Ended(A.Produce(RequiredAcks.All, "one", "two", "three"));
        Ended(A.Produce(RequiredAcks.All, "four"));
        A.Orders.DeleteRecords(new Offset(1), new WakeList());
        _cluster.Commit(
            new PartitionChangeRecord
            {
                TopicId = TestCluster.OrdersId,
                PartitionId = 0,
                Replicas = [A.Id, B.Id],
                AddingReplicas = [B.Id],
                Directories = [new(100, 0), new(100, 1)],
            }
        );
        _cluster.TellAll();
        _cluster.Advance(7_000);
        Assert.Equal((new Offset(1), new Offset(4)), (B.Orders.Log.StartOffset, B.Orders.Log.EndOffset));
        Assert.Equal(["two", "three", "four"], Batches.Values(B.Orders.Log));
        Assert.True(A.Proposals[^1].Proposal.InSync.SameAs(NodeSet.Of(A.Id, B.Id)));

        // What it has written so is what it finds after a power cut.
        B.LosePower();
        B.Restart();
        Assert.Equal(new Offset(4), B.Directory.Find(TestCluster.Orders)!.EndOffset);
    }

    [Fact]
    public void A_move_copies_the_log_to_its_new_node_and_deletes_it_on_the_old_one()
    {
        _cluster.CreateOrders(0);
        Ended(A.Produce(RequiredAcks.All, "one"));
        _cluster.Commit(
            new PartitionChangeRecord
            {
                TopicId = TestCluster.OrdersId,
                PartitionId = 0,
                Replicas = [B.Id, A.Id],
                AddingReplicas = [B.Id],
                RemovingReplicas = [A.Id],
                Directories = [new(100, 1), new(100, 0)],
            }
        );
        _cluster.TellAll();
        _cluster.Advance(100);
        Assert.True(A.Proposals[^1].Proposal.InSync.SameAs(NodeSet.Of(A.Id, B.Id)));

        _cluster.Commit(
            new PartitionChangeRecord
            {
                TopicId = TestCluster.OrdersId,
                PartitionId = 0,
                Replicas = [B.Id],
                Isr = [B.Id],
                AddingReplicas = [],
                RemovingReplicas = [],
                Directories = [new(100, 1)],
                Leader = B.Id,
            }
        );
        _cluster.TellAll();
        Assert.Null(A.Table.Find(TestCluster.Orders));
        Assert.Empty(A.Directory.Logs);
        Assert.Equal(["one"], B.Consume());
    }

    /// <param name="opened">The limit that lets them come on; null for none, though the topic still names throttled replicas.</param>
    [Theory]
    [InlineData(50L)]
    [InlineData(null)]
    public void A_throttled_leader_gives_nothing_to_followers_that_are_not_in_sync(long? opened)
    {
        _cluster.ThrottledLeaders = new ThrottledReplicas("0:0");
        _cluster.Limit(0);
        _cluster.CreateOrders(0);
        Ended(A.Produce(RequiredAcks.All, "one"));
        _cluster.Commit(
            new PartitionChangeRecord
            {
                TopicId = TestCluster.OrdersId,
                PartitionId = 0,
                Replicas = [A.Id, B.Id],
                AddingReplicas = [B.Id],
                Directories = [new(100, 0), new(100, 1)],
            }
        );
        _cluster.TellAll();
        _cluster.Advance(5000);
        Assert.Empty(Batches.Values(B.Orders.Log));
        Assert.Empty(A.Proposals);
        _cluster.Limit(opened);
        _cluster.TellAll();
        _cluster.Advance(2000);
        Assert.Equal(["one"], Batches.Values(B.Orders.Log));
        Assert.True(A.Proposals[^1].Proposal.InSync.SameAs(NodeSet.Of(A.Id, B.Id)));
    }

    [Fact]
    public void A_throttled_replica_that_catches_up_waits_until_its_bytes_are_paid_for()
    {
        _cluster.Throttled = new ThrottledReplicas("0:1");
        _cluster.Limit(50);
        _cluster.CreateOrders(0);
        Ended(A.Produce(RequiredAcks.All, "one"));
        int bytes = (int)A.Orders.Log.SizeBytes;
        _cluster.Commit(
            new PartitionChangeRecord
            {
                TopicId = TestCluster.OrdersId,
                PartitionId = 0,
                Replicas = [A.Id, B.Id],
                AddingReplicas = [B.Id],
                Directories = [new(100, 0), new(100, 1)],
            }
        );
        _cluster.TellAll();
        _cluster.Advance(100);
        Assert.Equal(["one"], Batches.Values(B.Orders.Log));
        Ended(A.Produce(RequiredAcks.All, "two"));
        _cluster.Advance(bytes * 1000 / 50 - 200);
        Assert.Equal(["one"], Batches.Values(B.Orders.Log));
        Assert.Empty(A.Proposals);

        _cluster.Advance(400);
        Assert.Equal(["one", "two"], Batches.Values(B.Orders.Log));
        Assert.Empty(A.Proposals);

        _cluster.Limit(null);
        _cluster.TellAll();
        _cluster.Advance(100);
        Assert.True(A.Proposals[^1].Proposal.InSync.SameAs(NodeSet.Of(A.Id, B.Id)));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("*", true)]
    [InlineData("2:1", true)]
    [InlineData("1:1,2:1", true)]
    [InlineData("1:2, 2:1", true)]
    [InlineData("1:2,12:1,2:11", false)]
    public void Throttled_replicas_are_named_by_partition_and_broker(string? list, bool expected) =>
        Assert.Equal(expected, new ThrottledReplicas(list).Contains(2, new NodeId(1)));

    [Fact]
    public void A_follower_finds_a_leader_that_was_away()
    {
        _cluster.CreateOrders(0, 1);
        Ended(A.Produce(RequiredAcks.All, "one"));
        A.Stop();
        _cluster.Advance(500);
        A.Restart();
        _cluster.Elect(1, 1);
        _cluster.Elect(0, 0, 1);
        _cluster.Register(A);
        _cluster.Elect(0, 0, 1);
        _cluster.TellAll();
        Task<ErrorCode> produced = A.Produce(RequiredAcks.All, "two");
        _cluster.Advance(1_100);
        Assert.True(produced.IsCompleted);
        Assert.Equal(ErrorCode.None, _cluster.Result(produced));
        Assert.Equal(["one", "two"], Batches.Values(B.Orders.Log));
    }

    [Fact]
    public void An_idle_follower_asks_twice_a_second_and_no_more()
    {
        _cluster.CreateOrders(0, 1);
        _cluster.Advance(100);
        int before = A.Server.Fetches;
        _cluster.Advance(10_000);
        Assert.InRange(A.Server.Fetches - before, 18, 22);
        Assert.Equal(1, A.Server.Connections);
    }

    [Fact]
    public void A_busy_follower_asks_once_for_what_has_gathered_in_all_partitions()
    {
        _cluster.Create("orders", TestCluster.OrdersId, 6, 0, 1);
        _cluster.TellAll();
        _cluster.Advance(50);
        B.Disk.HeldFlush = new TaskCompletionSource();
        ProduceToAll("a");
        _cluster.Pump.Drain();
        ProduceToAll("b");
        _cluster.Pump.Drain();
        int before = A.Server.Fetches;
        TaskCompletionSource held = B.Disk.HeldFlush;
        B.Disk.HeldFlush = null;
        _cluster.Pump.Start(() =>
        {
            held.SetResult();
            return 0;
        });

        Assert.All(B.Table.All, partition => Assert.Equal(["a", "b"], Batches.Values(partition.Log)));
        Assert.All(A.Table.All, partition => Assert.Equal(new Offset(2), partition.Log.HighWatermark));
        Assert.InRange(A.Server.Fetches - before, 1, 8);
    }

    [Fact]
    public void Many_partitions_that_come_in_one_image_give_up_one_held_fetch_and_not_one_each()
    {
        _cluster.CreateOrders(0, 1);
        _cluster.Advance(3);
        Assert.Equal(1, A.Server.Connections);
        _cluster.Create("shipments", new Uuid(8, 8), 50, 0, 1);
        _cluster.TellAll();
        _cluster.Advance(20);

        Assert.Equal(2, A.Server.Connections);
        Assert.All(B.Table.All, partition => Assert.IsType<PartitionFollowerRole>(partition.Role));
        Task<ErrorCode> produced = A.Produce(A.Table.Find(new TopicPartition("shipments", 49))!, RequiredAcks.All, Batches.Of("x"));
        Ended(produced);
    }

    private void Ended(Task<ErrorCode> produced)
    {
        Assert.Equal(ErrorCode.None, _cluster.Result(produced));
    }

    private static Storage.PartitionLog Log(TestNode node) => node.Directory.Find(TestCluster.Orders)!;

    private void ProduceToAll(string value)
    {
        foreach (Partition partition in A.Table.All)
        {
            A.Produce(partition, RequiredAcks.All, Batches.Of(value));
        }
    }
}
