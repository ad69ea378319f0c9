namespace RaftLog.Simulation.Tests;

/// <summary>Which faults came together, and which came together least.</summary>
public sealed class FaultPairsTests
{
    private static readonly long Second = TimeSpan.FromSeconds(1).Ticks;

    [Fact]
    public void Faults_come_together_when_the_second_begins_within_two_seconds_of_the_first()
    {
        FaultPairs pairs = new();
        pairs.Add(0, FaultKind.Kill);
        pairs.Add(Second, FaultKind.Cut);
        pairs.Add(2 * Second, FaultKind.Kill);
        pairs.Add(5 * Second, FaultKind.Cut);

        // Kill and Cut, Cut and Kill, and Kill with the Kill two seconds before.
        Assert.Equal(2, pairs.Counts[FaultPairs.NameOf(FaultKind.Cut, FaultKind.Kill)]);
        Assert.Equal(1, pairs.Counts[FaultPairs.NameOf(FaultKind.Kill, FaultKind.Kill)]);
        Assert.Equal(2, pairs.Counts.Count);
    }

    [Fact]
    public void A_rare_pair_is_added_to_a_mix_and_each_of_it_is_as_frequent_as_a_quarter_of_the_others()
    {
        FaultMix mix = FaultMix.Of(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), FaultKind.Kill, FaultKind.Cut);
        SortedSet<FaultKind> added = [];
        for (ulong seed = 1; seed <= 200; seed++)
        {
            IReadOnlyDictionary<FaultKind, int> weights = mix.WithRarePair(new SimRandom(seed)).Weights;
            List<FaultKind> rare = [.. weights.Keys.Except(mix.Weights.Keys)];
            Assert.InRange(rare.Count, 1, 2);
            Assert.All(rare, each => Assert.Equal(1, weights[each]));
            Assert.All(mix.Weights, each => Assert.Equal(each.Value, weights[each.Key]));
            added.UnionWith(rare);
        }

        Assert.Contains(FaultKind.ForeignLog, added);
        Assert.Contains(FaultKind.NoDescriptors, added);
        Assert.Contains(FaultKind.UnreadableSector, added);
        Assert.DoesNotContain(FaultKind.WipedDisk, added);
    }

    [Fact]
    public void Rarest_kind_is_the_one_that_came_together_least_with_what_began_lately()
    {
        FaultPairs pairs = new();
        Assert.Null(pairs.Rarest(0, [FaultKind.Kill, FaultKind.Cut]));
        pairs.Add(0, FaultKind.Stop);
        pairs.Add(Second, FaultKind.Kill);
        Assert.Equal(FaultKind.Cut, pairs.Rarest(Second, [FaultKind.Kill, FaultKind.Cut, FaultKind.Stop]));
        Assert.Null(pairs.Rarest(4 * Second, [FaultKind.Kill, FaultKind.Cut]));
    }
}
