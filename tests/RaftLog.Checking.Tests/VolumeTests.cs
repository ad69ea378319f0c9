using RaftLog.Protocol;

namespace RaftLog.Checking.Tests;

/// <summary>Histories of a size that long runs have.</summary>
public sealed class VolumeTests
{
    /// <summary>As many operations as <c>RAFTLOG_OPERATIONS</c> says, or a tenth of a million; a million take seconds.</summary>
    [Fact]
    public void A_long_history_is_judged()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("RAFTLOG_OPERATIONS"), out int asked) ? asked : 100_000;
        TopicPartition[] partitions = [.. Enumerable.Range(0, 12).Select(each => new TopicPartition("t", each))];
        List<SentRecord> sends = [];
        List<SeenRecord> seen = [];
        for (int i = 0; i < count; i++)
        {
            TopicPartition partition = partitions[i % 12];
            SentRecord sent = new(i % 7, partition, new RecordValue(i), SendOutcome.Acknowledged, new Offset(i / 12))
            {
                InvokedUs = i * 10,
                CompletedUs = (i * 10) + 5,
            };
            sends.Add(sent);
            seen.Add(
                new SeenRecord(1, partition, sent.Offset, sent.Value)
                {
                    AtUs = (i * 10) + 7,
                    Epoch = new LeaderEpoch(i / 1000),
                    Poll = 1 + (i / 100),
                }
            );
        }

        History history = new()
        {
            Sends = sends,
            Seen = seen,
            Final = seen,
        };

        Assert.Empty(HistoryChecker.Check(history));
        Assert.Equal(
            AnomalyKind.LostRecord,
            Assert.Single(HistoryChecker.Check(history with { Final = [.. seen.SkipLast(1)], Seen = [] })).Kind
        );
    }
}
