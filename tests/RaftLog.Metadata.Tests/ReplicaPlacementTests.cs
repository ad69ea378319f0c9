using FsCheck;
using FsCheck.Fluent;
using RaftLog.Protocol;

namespace RaftLog.Metadata.Tests;

public class ReplicaPlacementTests
{
    [Property]
    public Property Replicas_and_leaderships_are_spread_evenly()
    {
        return Prop.ForAll(
            Gen.Choose(1, 9)
                .SelectMany(_ => Gen.Choose(1, 5), (brokers, factor) => (Brokers: brokers, Factor: Math.Min(brokers, factor)))
                .ToArbitrary(),
            Gen.Choose(1, 60).ToArbitrary(),
            Gen.Choose(0, 1_000_000).ToArbitrary(),
            (size, partitions, seed) =>
            {
                List<PlacementTarget> targets =
                [
                    .. Enumerable.Range(0, size.Brokers).Select(id => new PlacementTarget(new NodeId(id), null, false)),
                ];
                IReadOnlyList<ValueList<NodeId>> placed = ReplicaPlacement.Place(
                    targets,
                    partitions,
                    size.Factor,
                    new Cluster.Chance(seed)
                );
                Assert.Equal(partitions, placed.Count);
                Assert.All(placed, replicas => Assert.Equal(size.Factor, replicas.Distinct().Count()));
                Assert.True(Spread(placed.SelectMany(replicas => replicas), size.Brokers) <= 1);
                Assert.True(Spread(placed.Select(replicas => replicas[0]), size.Brokers) <= 2);
            }
        );
    }

    [Property]
    public Property Every_partition_lies_in_as_many_racks_as_it_can()
    {
        return Prop.ForAll(
            Gen.Choose(1, 4).ToArbitrary(),
            Gen.Choose(1, 4).ToArbitrary(),
            Gen.Choose(0, 1_000_000).ToArbitrary(),
            (racks, perRack, seed) =>
            {
                List<PlacementTarget> targets =
                [
                    .. Enumerable.Range(0, racks * perRack).Select(id => new PlacementTarget(new NodeId(id), "rack" + (id % racks), false)),
                ];
                int factor = Math.Min(3, targets.Count);
                foreach (ValueList<NodeId> replicas in ReplicaPlacement.Place(targets, 20, factor, new Cluster.Chance(seed)))
                {
                    Assert.Equal(Math.Min(factor, racks), replicas.Select(each => each.Value % racks).Distinct().Count());
                }
            }
        );
    }

    [Fact]
    public void Fenced_brokers_get_replicas_only_when_the_others_are_too_few_and_never_lead()
    {
        List<PlacementTarget> targets = [.. Enumerable.Range(0, 4).Select(id => new PlacementTarget(new NodeId(id), null, id >= 2))];
        Assert.All(
            ReplicaPlacement.Place(targets, 10, 2, new Cluster.Chance(1)),
            replicas => Assert.All(replicas, each => Assert.True(each.Value < 2))
        );
        Assert.All(
            ReplicaPlacement.Place(targets, 10, 3, new Cluster.Chance(1)),
            replicas =>
            {
                Assert.True(replicas[0].Value < 2);
                Assert.Equal(1, replicas.Count(each => each.Value >= 2));
            }
        );
    }

    [Fact]
    public void The_partitions_of_a_lost_broker_fall_to_many_others()
    {
        List<PlacementTarget> targets = [.. Enumerable.Range(0, 6).Select(id => new PlacementTarget(new NodeId(id), null, false))];
        IReadOnlyList<ValueList<NodeId>> placed = ReplicaPlacement.Place(targets, 120, 3, new Cluster.Chance(1));
        Assert.Equal(5, placed.Where(replicas => replicas[0].Value == 0).Select(replicas => replicas[1]).Distinct().Count());
    }

    [Fact]
    public void The_same_chance_gives_the_same_placement()
    {
        List<PlacementTarget> targets =
        [
            .. Enumerable.Range(0, 5).Select(id => new PlacementTarget(new NodeId(id), "r" + (id % 2), false)),
        ];
        Assert.Equal(
            ReplicaPlacement.Place(targets, 30, 3, new Cluster.Chance(4)),
            ReplicaPlacement.Place(targets, 30, 3, new Cluster.Chance(4))
        );
    }

    [Fact]
    public void Too_few_brokers_and_only_fenced_ones_are_rejected()
    {
        PlacementTarget live = new(new NodeId(0), null, false);
        Assert.NotNull(ReplicaPlacement.Rejection([live], 2));
        Assert.NotNull(ReplicaPlacement.Rejection([live with { Fenced = true }], 1));
        Assert.Null(ReplicaPlacement.Rejection([live], 1));
    }

    private static int Spread(IEnumerable<NodeId> nodes, int brokers)
    {
        int[] counts = new int[brokers];
        foreach (NodeId node in nodes)
        {
            counts[node.Value]++;
        }

        return counts.Max() - counts.Min();
    }

    [Fact]
    public void Leaderships_over_equal_racks_are_even_whatever_chance_says()
    {
        string[] racks = ["1", "2", "2", "1", "3", "3"];
        List<PlacementTarget> targets = [.. racks.Select((rack, id) => new PlacementTarget(new NodeId(id), rack, Fenced: false))];
        for (int seed = 0; seed < 200; seed++)
        {
            IReadOnlyList<ValueList<NodeId>> placed = ReplicaPlacement.Place(targets, 18, 3, new Cluster.Chance(seed));
            Assert.All(placed.CountBy(replicas => replicas[0]), each => Assert.Equal(3, each.Value));
            Assert.All(placed.SelectMany(replicas => replicas).CountBy(replica => replica), each => Assert.Equal(9, each.Value));
            Assert.All(placed, replicas => Assert.Equal(3, replicas.Select(each => racks[each.Value]).Distinct().Count()));
        }
    }
}
