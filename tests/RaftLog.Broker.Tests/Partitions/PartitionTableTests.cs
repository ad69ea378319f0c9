using RaftLog.Broker.Partitions;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Replication;

namespace RaftLog.Broker.Tests.Partitions;

/// <summary>What metadata makes of a node's partitions.</summary>
public sealed class PartitionTableTests : IDisposable
{
    private readonly TestCluster _cluster = new(2);

    private TestNode A => _cluster.Nodes[0];

    private TestNode B => _cluster.Nodes[1];

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void A_node_holds_the_partitions_that_name_it_and_finds_them_by_name_and_id()
    {
        _cluster.Create("orders", TestCluster.OrdersId, 2, 0);
        _cluster.Create("shipments", new Uuid(8, 8), 1, 1);
        _cluster.TellAll();

        Assert.Equal(2, A.Table.All.Count);
        Assert.Same(A.Table.Find(new TopicPartition("orders", 1)), A.Table.Find(new TopicIdPartition(TestCluster.OrdersId, 1)));
        Assert.IsType<PartitionLeaderRole>(A.Table.Find(new TopicPartition("orders", 0))!.Role);
        Assert.Null(A.Table.Find(new TopicPartition("shipments", 0)));
        Assert.Null(B.Table.Find(new TopicPartition("orders", 0)));
        Assert.Null(A.Table.Find(new TopicPartition("orders", 7)));
    }

    [Fact]
    public void A_deleted_topic_goes_with_its_log_and_whoever_waits_is_told()
    {
        _cluster.CreateOrders(0, 1);
        B.Stop();
        Task<ErrorCode> produced = A.Produce(RequiredAcks.All, "one");
        Partition orders = A.Orders;
        _cluster.Commit(new RemoveTopicRecord { TopicId = TestCluster.OrdersId });
        _cluster.TellAll();

        Assert.Null(A.Table.Find(TestCluster.Orders));
        Assert.Empty(A.Table.All);
        Assert.True(produced.IsCompleted);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, _cluster.Result(produced));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, orders.Append(Batches.Of("x"), RequiredAcks.All, new WakeList()).Error);
        _cluster.Pump.Drain();
        Assert.DoesNotContain(A.Disk.ListDirectories("/data"), name => name.StartsWith("orders", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public void A_namesake_of_a_deleted_topic_begins_with_an_empty_log(int id)
    {
        _cluster.CreateOrders(0);
        A.Produce(RequiredAcks.All, "one");
        _cluster.Commit(new RemoveTopicRecord { TopicId = TestCluster.OrdersId });
        _cluster.Create("orders", new Uuid(7, (ulong)id), 1, 0);
        _cluster.TellAll();

        Assert.Equal(new Uuid(7, (ulong)id), A.Orders.Id.TopicId);
        Assert.Equal(Offset.Zero, A.Orders.Log.EndOffset);
        _cluster.Result(A.Produce(RequiredAcks.All, "two"));
        Assert.Equal(["two"], A.Consume());
    }

    [Fact]
    public void A_node_that_starts_again_does_not_act_on_history()
    {
        // The log on the disk is that of the second topic of this name. Replaying the first one's life must not cost it.
        _cluster.CreateOrders(0);
        _cluster.Commit(new RemoveTopicRecord { TopicId = TestCluster.OrdersId });
        _cluster.Create("orders", new Uuid(7, 10), 1, 0);
        _cluster.TellAll();
        _cluster.Result(A.Produce(RequiredAcks.All, "one"));
        MetadataImage afterwards = _cluster.Image;
        A.Stop();
        A.Restart();
        var history = new MetadataReplay();
        history.Append([new TopicRecord { Name = "orders", TopicId = TestCluster.OrdersId }]);
        history.Append([
            new PartitionRecord
            {
                TopicId = TestCluster.OrdersId,
                PartitionId = 0,
                Replicas = [A.Id],
                Isr = [A.Id],
                Leader = A.Id,
                LeaderEpoch = new LeaderEpoch(0),
                PartitionEpoch = new PartitionEpoch(0),
            },
        ]);
        A.Apply(history.Image);
        A.Table.SetAsideStrays();
        A.Apply(afterwards);
        Assert.Empty(A.Table.All);

        _cluster.Register(A);
        _cluster.TellAll();
        Assert.Equal(["one"], Batches.Values(A.Orders.Log));
    }

    [Fact]
    public void A_namesake_of_a_topic_that_was_deleted_while_the_node_was_away_begins_with_an_empty_log()
    {
        _cluster.CreateOrders(0);
        A.Produce(RequiredAcks.All, "one");
        A.Stop();
        A.Restart();
        _cluster.Commit(new RemoveTopicRecord { TopicId = TestCluster.OrdersId });
        _cluster.Register(A);
        _cluster.Create("orders", new Uuid(7, 10), 1, 0);
        _cluster.TellAll();

        Assert.Equal(Offset.Zero, A.Orders.Log.EndOffset);
        Assert.Contains(A.Disk.ListDirectories("/data"), name => name.EndsWith("-stray", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("version: 0\ntopic_id: not an id\n")]
    public void A_log_that_cannot_show_its_topics_id_is_no_replica_of_it(string? content)
    {
        const string File = "/data/orders-0/partition.metadata";
        _cluster.CreateOrders(0);
        A.Produce(RequiredAcks.All, "one");
        A.Stop();
        A.Disk.DeleteFile(File);
        if (content is not null)
        {
            using IDiskFile damaged = A.Disk.OpenOrCreate(File);
            damaged.Write(0, System.Text.Encoding.UTF8.GetBytes(content));
        }

        A.Restart();
        _cluster.Register(A);
        _cluster.TellAll();

        // It was the only one in sync, so it does not lead with nothing before somebody gives the records up.
        Assert.Empty(A.Table.All);
        Assert.Contains(A.Disk.ListDirectories("/data"), name => name.EndsWith("-stray", StringComparison.Ordinal));
        _cluster.Commit(
            new PartitionChangeRecord
            {
                TopicId = TestCluster.OrdersId,
                PartitionId = 0,
                Leader = A.Id,
                Isr = [A.Id],
                LeaderRecoveryState = (sbyte)LeaderRecoveryState.Recovering,
            }
        );
        _cluster.TellAll();
        Assert.Equal(Offset.Zero, A.Orders.Log.EndOffset);
        Assert.Equal(TestCluster.OrdersId, A.Orders.Log.TopicId);
        Assert.Contains(A.Disk.ListDirectories("/data"), name => name.EndsWith("-stray", StringComparison.Ordinal));
        Assert.True(A.Disk.FileExists(File));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_directory_that_was_being_made_when_the_node_ended_is_made_anew_and_leads(bool isKnown)
    {
        _cluster.CreateOrders(0);
        A.Stop();
        A.Disk.DeleteFile("/data/orders-0/partition.metadata");
        foreach (string file in (string[])["recovery-point-offset-checkpoint", "replication-offset-checkpoint"])
        {
            // No checkpoint names a log that never was whole.
            using IDiskFile checkpoint = A.Disk.OpenOrCreate($"/data/{file}");
            checkpoint.SetLength(0);
            checkpoint.Write(0, System.Text.Encoding.UTF8.GetBytes(isKnown ? "0\n1\norders 0 0\n" : "0\n0\n"));
        }

        A.Restart();
        _cluster.Register(A);
        _cluster.TellAll();

        // One that a checkpoint names was whole once, and what is gone with its files nobody can tell.
        Assert.Equal(isKnown ? 0 : 1, A.Table.All.Count());
        Assert.Equal(isKnown, A.Disk.ListDirectories("/data").Any(name => name.EndsWith("-stray", StringComparison.Ordinal)));
    }

    /// <summary>Its topic was deleted, and the power went before the checkpoints said so.</summary>
    [Fact]
    public void A_log_that_is_gone_and_that_no_metadata_knows_is_forgotten()
    {
        _cluster.CreateOrders(0);
        A.Stop();
        using (IDiskFile checkpoint = A.Disk.OpenOrCreate("/data/replication-offset-checkpoint"))
        {
            checkpoint.SetLength(0);
            checkpoint.Write(0, System.Text.Encoding.UTF8.GetBytes("0\n2\nbills 0 7\norders 0 0\n"));
        }

        A.Restart();
        _cluster.Register(A);
        _cluster.TellAll();
        TopicPartition bills = new("bills", 0);
        Assert.True(A.Directory.Misses(bills));
        A.Table.SetAsideStrays();
        Assert.False(A.Directory.Misses(bills));
    }

    [Fact]
    public void A_log_that_no_metadata_knows_is_set_aside()
    {
        _cluster.CreateOrders(0);
        A.Stop();
        A.Restart();
        _cluster.Commit(new RemoveTopicRecord { TopicId = TestCluster.OrdersId });
        _cluster.Register(A);
        _cluster.TellAll();
        A.Table.SetAsideStrays();
        Assert.Empty(A.Directory.Logs);
        Assert.StartsWith("1 logs in /data belong to no partition", Assert.Single(A.Warnings), StringComparison.Ordinal);
        A.Table.SetAsideStrays();
        Assert.Single(A.Warnings);
    }

    [Fact]
    public void A_node_that_is_reassigned_away_lets_go()
    {
        _cluster.CreateOrders(0, 1);
        _cluster.Commit(
            new PartitionChangeRecord
            {
                TopicId = TestCluster.OrdersId,
                PartitionId = 0,
                Leader = new NodeId(1),
                Isr = [new NodeId(1)],
                Replicas = [new NodeId(1)],
            }
        );
        _cluster.TellAll();
        Assert.Null(A.Table.Find(TestCluster.Orders));
        Assert.IsType<PartitionLeaderRole>(B.Orders.Role);
    }

    [Fact]
    public void Changed_configuration_reaches_the_partitions_of_its_topic()
    {
        _cluster.CreateOrders(0, 1);
        _cluster.MinInSync = 2;
        _cluster.Elect(0, 0);
        _cluster.Commit(
            new ConfigRecord
            {
                ResourceType = (sbyte)ConfigResourceType.Topic,
                ResourceName = "orders",
                Name = "min.insync.replicas",
                Value = "2",
            }
        );
        _cluster.TellAll();
        Assert.Equal(ErrorCode.NotEnoughReplicas, A.Orders.Append(Batches.Of("x"), RequiredAcks.All, new WakeList()).Error);
    }

    [Fact]
    public void A_follower_that_was_fenced_is_proposed_once_metadata_says_that_it_is_active()
    {
        _cluster.CreateOrders(0, 1);
        _cluster.Commit(
            new BrokerRegistrationChangeRecord
            {
                BrokerId = B.Id,
                BrokerEpoch = B.RegisteredAs,
                Fenced = 1,
            }
        );
        _cluster.Elect(0, 0);
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
        _cluster.Advance(1_000);
        Assert.True(A.Proposals.Single().Proposal.InSync.SameAs(NodeSet.Of(A.Id, B.Id)));
    }
}
