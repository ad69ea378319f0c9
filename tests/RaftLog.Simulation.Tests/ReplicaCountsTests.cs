using RaftLog.Protocol;

namespace RaftLog.Simulation.Tests;

public sealed class ReplicaCountsTests
{
    private const long SecondUs = 1_000_000;
    private static readonly TopicPartition Partition = new("assigned", 0);

    [Fact]
    public void An_assignment_that_has_grown_counts_with_its_former_size_for_a_while()
    {
        ReplicaCounts counts = new();
        counts.Note(Partition, 3, nowUs: 0);
        counts.Note(Partition, 1, 10 * SecondUs);
        counts.Note(Partition, 3, 20 * SecondUs);

        Assert.Equal(1, counts.FewestOf(Partition, 49 * SecondUs));
        Assert.Equal(3, counts.FewestOf(Partition, 51 * SecondUs));
    }

    [Fact]
    public void A_partition_that_nobody_has_heard_of_demands_all_that_is_asked_for() =>
        Assert.Equal(int.MaxValue, new ReplicaCounts().FewestOf(Partition, 0));
}
