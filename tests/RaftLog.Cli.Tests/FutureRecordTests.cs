using RaftLog.Cli.Clients;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Cli.Tests;

/// <summary>What <c>raftlog topic describe</c> says of records that are dated in the future.</summary>
public sealed class FutureRecordTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Only_records_well_ahead_of_the_clock_are_told()
    {
        long now = Now.ToUnixTimeMilliseconds();
        IReadOnlyDictionary<int, FoundOffset> found = FutureRecords.Of(
            new Dictionary<TopicPartition, FoundOffset>
            {
                [new("t", 0)] = new(new Offset(5), now + 60_000, LeaderEpoch.None),
                [new("t", 1)] = new(new Offset(7), now + 90_000_000, LeaderEpoch.None),
                [new("t", 2)] = new(Offset.None, -1, LeaderEpoch.None),
                [new("t", 3)] = new(new Offset(9), long.MaxValue, LeaderEpoch.None),
            },
            Now
        );
        Assert.Equal([1, 3], found.Keys.Order());
        Assert.Contains(
            "partition 1: the record at offset 7 is dated 2026-12-01T13:00:00Z;",
            FutureRecords.Describe(1, found[1]),
            StringComparison.Ordinal
        );
        Assert.Contains($"{long.MaxValue} ms after 1970", FutureRecords.Describe(3, found[3]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("delete", "604800000", true)]
    [InlineData("compact, delete", "0", true)]
    [InlineData("delete", "-1", false)]
    [InlineData("compact", "1000", false)]
    public void Only_topics_that_delete_by_time_are_looked_at(string policy, string retention, bool expected) =>
        Assert.Equal(
            expected,
            FutureRecords.DeletesByTime([
                new ConfigEntry("cleanup.policy", policy, ConfigEntrySource.DynamicTopic, false, false),
                new ConfigEntry("retention.ms", retention, ConfigEntrySource.DynamicTopic, false, false),
            ])
        );
}
