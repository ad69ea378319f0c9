using RaftLog.Client.Cluster;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Tests;

public sealed class ClusterViewTests
{
    private const int Partitions = 5_000;

    [Fact]
    public void The_leaders_that_one_response_names_make_one_view_however_many_they_are()
    {
        ClusterView before = View();
        HashSet<TopicPartition> newer = [];
        ClusterView after = before.WithLeaders(
            [.. Enumerable.Range(0, Partitions).Select(index => new ToldLeader(new("t", index), new NodeId(2), new LeaderEpoch(8)))],
            newer
        );
        Assert.Equal(before.Version + 1, after.Version);
        Assert.Equal(Partitions, newer.Count);
        Assert.True(after.TryGetTopic("t", out TopicView? topic));
        Assert.All(topic.Partitions, static each => Assert.Equal((new NodeId(2), new LeaderEpoch(8)), (each.Leader, each.LeaderEpoch)));
        Assert.True(before.TryGetPartition(new("t", 0), out _, out PartitionView? old));
        Assert.Equal(new NodeId(1), old.Leader);
    }

    [Fact]
    public void A_leader_that_is_not_newer_or_no_broker_or_of_no_partition_is_not_believed()
    {
        ClusterView before = View();
        HashSet<TopicPartition> newer = [];
        ClusterView after = before.WithLeaders(
            [
                new ToldLeader(new("t", 0), new NodeId(2), new LeaderEpoch(7)),
                new ToldLeader(new("t", 1), new NodeId(9), new LeaderEpoch(8)),
                new ToldLeader(new("t", Partitions), new NodeId(2), new LeaderEpoch(8)),
                new ToldLeader(new("unknown", 0), new NodeId(2), new LeaderEpoch(8)),
            ],
            newer
        );
        Assert.Same(before, after);
        Assert.Empty(newer);
    }

    private static ClusterView View()
    {
        MetadataResponse.TopicData topic = new() { Name = "t", TopicId = new Uuid(1, 1) };
        for (int index = 0; index < Partitions; index++)
        {
            topic.Partitions.Add(
                new()
                {
                    PartitionIndex = index,
                    LeaderId = new NodeId(1),
                    LeaderEpoch = new LeaderEpoch(7),
                }
            );
        }

        return ClusterView.Empty.With(
            new MetadataResponse
            {
                Brokers =
                [
                    new()
                    {
                        NodeId = new NodeId(1),
                        Host = "one",
                        Port = 9092,
                    },
                    new()
                    {
                        NodeId = new NodeId(2),
                        Host = "two",
                        Port = 9092,
                    },
                ],
                Topics = [topic],
            }
        );
    }
}
