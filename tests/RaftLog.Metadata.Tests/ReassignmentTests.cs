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
    public void Moves_that_cannot_be_are_rejected()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Assign("t", [0, 1]);
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Move(cluster));
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Move(cluster, 0, 0));
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Move(cluster, 0, 9));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Ask(cluster, Wish("u", 0, [0])).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Ask(cluster, Wish("t", 1, [0])).ErrorCode);
        AlterPartitionReassignmentsRequest smaller = Wish("t", 0, [0]);
        smaller.AllowReplicationFactorChange = false;
        Assert.Equal(ErrorCode.InvalidReplicationFactor, Ask(cluster, smaller).ErrorCode);
        smaller.AllowReplicationFactorChange = true;
        Assert.Equal(ErrorCode.None, Ask(cluster, smaller).ErrorCode);
    }

    [Fact]
    public void A_move_to_a_broker_that_is_away_waits_for_it()
    {
        Cluster cluster = new Cluster().WithBrokers(2);
        cluster.Assign("t", [0]);
        cluster.Beat(1, wantFence: true);
        Assert.True(cluster.Broker(1).Fenced);
        Assert.Equal(ErrorCode.None, Move(cluster, 1));
        Assert.Equal(new NodeId(0), cluster.Partition("t").Leader);
        cluster.Beat(1);
        cluster.Propose("t", 0, [0, 1]);
        Assert.Equal(Nodes.Of(1), cluster.Partition("t").Replicas);
        Assert.Equal(new NodeId(1), cluster.Partition("t").Leader);
    }

    [Fact]
    public void A_move_whose_old_replicas_all_fell_behind_is_cancelled_only_where_records_may_be_lost()
    {
        Cluster cluster = new Cluster().WithBrokers(2);
        cluster.Assign("t", [0]);
        Move(cluster, 0, 1);
        cluster.Propose("t", 0, [0, 1]);
        Move(cluster, 1);
        Assert.Equal(Nodes.Of(1), cluster.Partition("t").Replicas);

        cluster = new Cluster().WithBrokers(3);
        cluster.Assign("t", [0]);
        Move(cluster, 1, 2);
        cluster.Propose("t", 0, [0, 1]);
        cluster.Beat(0, wantFence: true);
        Assert.Equal(Nodes.Of(1), cluster.Partition("t").Isr);
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Cancel(cluster));
        Assert.True(cluster.Partition("t").IsReassigning);

        cluster.Do(
            cluster.Controller.IncrementalAlterConfigs(
                new IncrementalAlterConfigsRequest
                {
                    Resources =
                    [
                        new()
                        {
                            ResourceType = (sbyte)ConfigResourceType.Topic,
                            ResourceName = "t",
                            Configs = [new() { Name = "unclean.leader.election.enable", Value = "true" }],
                        },
                    ],
                }
            )
        );
        cluster.Beat(0);
        Assert.Equal(ErrorCode.None, Cancel(cluster));
        PartitionRegistration cancelled = cluster.Partition("t");
        Assert.Equal(Nodes.Of(0), cancelled.Replicas);
        Assert.Equal(Nodes.Of(0), cancelled.Isr);
        Assert.Equal((new NodeId(0), LeaderRecoveryState.Recovering), (cancelled.Leader, cancelled.RecoveryState));
    }

    [Fact]
    public void What_moves_is_listed_and_nothing_else()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Assign("t", [0, 1], [1, 0]);
        cluster.Assign("u", [0]);
        Assert.Empty(List(cluster, null));
        Move(cluster, 2, 1);
        ListPartitionReassignmentsResponse.OngoingTopicReassignment topic = Assert.Single(List(cluster, null));
        Assert.Equal("t", topic.Name);
        ListPartitionReassignmentsResponse.OngoingPartitionReassignment moving = Assert.Single(topic.Partitions);
        Assert.Equal(0, moving.PartitionIndex);
        Assert.Equal(Nodes.Of(2, 1, 0), moving.Replicas);
        Assert.Equal(Nodes.Of(2), moving.AddingReplicas);
        Assert.Equal(Nodes.Of(0), moving.RemovingReplicas);

        Assert.Single(List(cluster, [("t", [0, 1, 7])]));
        Assert.Empty(List(cluster, [("t", [1]), ("u", [0]), ("x", [0])]));
        cluster.Propose("t", 0, [0, 1, 2]);
        Assert.Empty(List(cluster, null));
    }

    internal static AlterPartitionReassignmentsRequest Wish(string topic, int partition, int[]? replicas) =>
        new()
        {
            Topics =
            [
                new()
                {
                    Name = topic,
                    Partitions = [new() { PartitionIndex = partition, Replicas = replicas is null ? null : [.. Nodes.Of(replicas)] }],
                },
            ],
        };

    private static ErrorCode Move(Cluster cluster, params int[] replicas) => Ask(cluster, Wish("t", 0, replicas)).ErrorCode;

    private static ErrorCode Cancel(Cluster cluster) => Ask(cluster, Wish("t", 0, null)).ErrorCode;

    private static AlterPartitionReassignmentsResponse.ReassignablePartitionResponse Ask(
        Cluster cluster,
        AlterPartitionReassignmentsRequest request
    ) => cluster.Do(cluster.Controller.AlterReassignments(request)).Responses[0].Partitions[0];

    private static List<ListPartitionReassignmentsResponse.OngoingTopicReassignment> List(
        Cluster cluster,
        (string Name, int[] Partitions)[]? topics
    ) =>
        cluster
            .Do(
                cluster.Controller.ListReassignments(
                    new ListPartitionReassignmentsRequest
                    {
                        Topics = topics is null
                            ? null
                            :
                            [
                                .. topics.Select(each => new ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopic
                                {
                                    Name = each.Name,
                                    PartitionIndexes = [.. each.Partitions],
                                }),
                            ],
                    }
                )
            )
            .Topics;
}
