using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Metadata.Tests;

public class ReassignmentTests
{
    [Fact]
    public void A_move_adds_first_and_removes_when_the_new_ones_are_in_sync()
    {
        Cluster cluster = new Cluster().WithBrokers(4);
        cluster.Assign("t", [0, 1]);
        Assert.Equal(ErrorCode.None, Move(cluster, 2, 3));
        PartitionRegistration moving = cluster.Partition("t");
        Assert.Equal(Nodes.Of(2, 3, 0, 1), moving.Replicas);
        Assert.Equal(Nodes.Of(2, 3), moving.AddingReplicas);
        Assert.Equal(Nodes.Of(0, 1), moving.RemovingReplicas);
        Assert.Equal(new NodeId(0), moving.Leader);
        Assert.Equal([2, 3, 0, 1], moving.Replicas.Select(each => (int)moving.DirectoryOf(each).Low));

        cluster.Propose("t", 0, [0, 1, 2]);
        Assert.True(cluster.Partition("t").IsReassigning);
        AlterPartitionResponse last = cluster.Propose("t", 0, [0, 1, 2, 3]);
        Assert.Equal(ErrorCode.NewLeaderElected, last.Topics[0].Partitions[0].ErrorCode);
        PartitionRegistration moved = cluster.Partition("t");
        Assert.Equal(Nodes.Of(2, 3), moved.Replicas);
        Assert.Equal(Nodes.Of(2, 3), moved.Isr);
        Assert.Equal(new NodeId(2), moved.Leader);
        Assert.False(moved.IsReassigning);
        Assert.Equal(new LeaderEpoch(1), moved.LeaderEpoch);
    }

    [Fact]
    public void A_removed_replica_costs_a_leader_epoch_even_when_the_leader_stays()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Assign("t", [0, 1, 2]);
        Assert.Equal(ErrorCode.None, Move(cluster, 0, 1));
        PartitionRegistration moved = cluster.Partition("t");
        Assert.Equal(Nodes.Of(0, 1), moved.Replicas);
        Assert.Equal((new NodeId(0), new LeaderEpoch(1)), (moved.Leader, moved.LeaderEpoch));
    }

    [Fact]
    public void Another_order_is_a_move_without_data()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Assign("t", [0, 1, 2]);
        Assert.Equal(ErrorCode.None, Move(cluster, 2, 1, 0));
        PartitionRegistration moved = cluster.Partition("t");
        Assert.Equal(Nodes.Of(2, 1, 0), moved.Replicas);
        Assert.Equal((new NodeId(0), LeaderEpoch.Zero), (moved.Leader, moved.LeaderEpoch));
        Assert.Equal([2, 1, 0], moved.Replicas.Select(each => (int)moved.DirectoryOf(each).Low));
    }

    [Fact]
    public void A_cancelled_move_leaves_the_old_replicas()
    {
        Cluster cluster = new Cluster().WithBrokers(4);
        cluster.Assign("t", [0, 1]);
        Assert.Equal(ErrorCode.NoReassignmentInProgress, Cancel(cluster));
        Move(cluster, 1, 3);
        cluster.Propose("t", 0, [0, 1]);
        Assert.Equal(ErrorCode.None, Cancel(cluster));
        PartitionRegistration partition = cluster.Partition("t");
        Assert.Equal([0, 1], partition.Replicas.Select(each => each.Value).Order());
        Assert.False(partition.IsReassigning);
        Assert.Equal(new NodeId(0), partition.Leader);
    }

    [Fact]
    public void A_move_can_be_redirected()
    {
        Cluster cluster = new Cluster().WithBrokers(5);
        cluster.Assign("t", [0, 1]);
        Move(cluster, 0, 2);
        Move(cluster, 0, 3);
        PartitionRegistration moving = cluster.Partition("t");
        Assert.Equal(Nodes.Of(3), moving.AddingReplicas);
        Assert.Equal([1, 2], moving.RemovingReplicas.Select(each => each.Value).Order());
        cluster.Propose("t", 0, [0, 1, 3]);
        Assert.Equal(Nodes.Of(0, 3), cluster.Partition("t").Replicas);
        Assert.Equal(Nodes.Of(0, 3), cluster.Partition("t").Isr);
    }

    [Fact]
    public void Moves_that_cannot_be_are_refused()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Assign("t", [0, 1]);
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Move(cluster));
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Move(cluster, 0, 0));
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Move(cluster, 0, 9));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Ask(cluster, new Reassignment("u", 0, Nodes.Of(0)), true));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Ask(cluster, new Reassignment("t", 1, Nodes.Of(0)), true));
        Assert.Equal(ErrorCode.InvalidReplicationFactor, Ask(cluster, new Reassignment("t", 0, Nodes.Of(0)), false));
        Assert.Equal(ErrorCode.None, Ask(cluster, new Reassignment("t", 0, Nodes.Of(0)), true));
    }

    private static ErrorCode Move(Cluster cluster, params int[] replicas) => Ask(cluster, new Reassignment("t", 0, Nodes.Of(replicas)), true);

    private static ErrorCode Cancel(Cluster cluster) => Ask(cluster, new Reassignment("t", 0, null), true);

    private static ErrorCode Ask(Cluster cluster, Reassignment wish, bool allowReplicationFactorChange) =>
        cluster.Do(cluster.Controller.AlterReassignments([wish], allowReplicationFactorChange))[0].Error;
}
