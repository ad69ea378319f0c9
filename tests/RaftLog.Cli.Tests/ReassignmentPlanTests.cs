using RaftLog.Cli.Clients.Reassignments;
using RaftLog.Client.Admin;
using RaftLog.Client.Cluster;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Cli.Tests;

public sealed class ReassignmentPlanTests
{
    [Fact]
    public void Plan_spreads_replicas_and_leaders_evenly()
    {
        IReadOnlyDictionary<TopicPartition, IReadOnlyList<NodeId>> plan = ReassignmentPlan.Make(
            [Topic("t", [1, 2], [1, 2], [1, 2], [1, 2], [1, 2], [1, 2])],
            Brokers(1, 2, 3, 4)
        );
        Assert.All(plan.Values, replicas => Assert.Equal(2, replicas.Distinct().Count()));
        Assert.Equal([3, 3, 3, 3], plan.Values.SelectMany(replicas => replicas).GroupBy(node => node).Select(each => each.Count()));
        Assert.All(plan.Values.GroupBy(replicas => replicas[0]), each => Assert.InRange(each.Count(), 1, 2));
    }

    [Fact]
    public void Plan_leaves_what_is_even_already_where_it_is()
    {
        IReadOnlyDictionary<TopicPartition, IReadOnlyList<NodeId>> plan = ReassignmentPlan.Make(
            [Topic("t", [1, 2], [2, 3], [3, 1])],
            Brokers(1, 2, 3)
        );
        Assert.Equal(
            [
                [1, 2],
                [2, 3],
                [3, 1],
            ],
            plan.Values.Select(replicas => replicas.Select(node => node.Value))
        );
    }

    [Fact]
    public void Plan_moves_away_from_brokers_that_are_not_named()
    {
        IReadOnlyDictionary<TopicPartition, IReadOnlyList<NodeId>> plan = ReassignmentPlan.Make(
            [Topic("t", [1, 2], [3, 1])],
            Brokers(2, 3)
        );
        Assert.All(plan.Values, replicas => Assert.Equal([2, 3], replicas.Select(node => node.Value).Order()));
    }

    [Fact]
    public void Plan_puts_replicas_on_different_racks()
    {
        BrokerView[] brokers = [Broker(1, "a"), Broker(2, "a"), Broker(3, "b"), Broker(4, "b")];
        IReadOnlyDictionary<TopicPartition, IReadOnlyList<NodeId>> plan = ReassignmentPlan.Make([Topic("t", [9, 8], [9, 8])], brokers);
        Assert.All(plan.Values, replicas => Assert.Equal(2, replicas.Select(node => node.Value <= 2 ? "a" : "b").Distinct().Count()));
    }

    [Fact]
    public void Plan_with_fewer_brokers_than_replicas_is_rejected()
    {
        FormatException e = Assert.Throws<FormatException>(() => ReassignmentPlan.Make([Topic("t", [1, 2])], Brokers(1)));
        Assert.Contains("t-0 has 2 replicas", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_file_is_read_back_as_it_was_written()
    {
        string path = Path.GetTempFileName();
        try
        {
            IReadOnlyDictionary<TopicPartition, IReadOnlyList<NodeId>> plan = ReassignmentPlan.Make(
                [Topic("t", [1, 2], [3, 1])],
                Brokers(1, 2, 3)
            );
            string text = ReassignmentFile.Write(plan);
            Assert.Equal(
                "{\"version\":1,\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"replicas\":[1,2],\"log_dirs\":[\"any\",\"any\"]},"
                    + "{\"topic\":\"t\",\"partition\":1,\"replicas\":[3,1],\"log_dirs\":[\"any\",\"any\"]}]}",
                text
            );
            File.WriteAllText(path, text);
            IReadOnlyDictionary<TopicPartition, PlannedReplicas> read = ReassignmentFile.Read(path);
            Assert.Equal(plan.Keys, read.Keys);
            Assert.Equal(plan.Values, read.Values.Select(each => each.Brokers));
            Assert.All(read.Values, each => Assert.Empty(each.Placed));
            File.WriteAllText(path, "{}");
            Assert.Contains(path, Assert.Throws<FormatException>(() => ReassignmentFile.Read(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>As Kafka's reassign-partitions writes and reads them: one directory a replica, or "any"; or none at all.</summary>
    [Fact]
    public void Plan_file_names_log_directories_as_kafkas_does()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(
                path,
                """
                {"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any","/b"]},{"topic":"t","partition":1,"replicas":[2]}]}
                """
            );
            IReadOnlyDictionary<TopicPartition, PlannedReplicas> plan = ReassignmentFile.Read(path);
            Assert.Equal([(new NodeId(2), "/b")], plan[new TopicPartition("t", 0)].Placed);
            Assert.Empty(plan[new TopicPartition("t", 1)].Placed);

            File.WriteAllText(path, """{"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["/b"]}]}""");
            FormatException rejection = Assert.Throws<FormatException>(() => ReassignmentFile.Read(path));
            Assert.Contains("t-0 has 2 replicas and 1 log_dirs", rejection.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static TopicDescription Topic(string name, params int[][] replicas) =>
        new(
            name,
            Uuid.Zero,
            false,
            ErrorCode.None,
            [
                .. replicas.Select(
                    (nodes, index) =>
                        new PartitionDescription(
                            index,
                            new NodeId(nodes[0]),
                            default,
                            [.. nodes.Select(node => new NodeId(node))],
                            [],
                            [],
                            []
                        )
                ),
            ]
        );

    private static BrokerView[] Brokers(params int[] ids) => [.. ids.Select(id => Broker(id, null))];

    private static BrokerView Broker(int id, string? rack) => new(new NodeId(id), new NetworkAddress("localhost", 9092), rack);
}
