using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>What transfers took and gave adds up to nothing (A36), whatever became of each.</summary>
internal sealed class MoneyCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        if (!evidence.History.IsFinalComplete)
        {
            return;
        }

        SortedDictionary<string, long> sums = new(StringComparer.Ordinal);
        foreach (SeenRecord record in evidence.History.Final)
        {
            if (evidence.Writers.TryGetValue(record.Value, out SentRecord? sent))
            {
                sums[record.Partition.Topic] = sums.GetValueOrDefault(record.Partition.Topic) + sent.Amount;
            }
        }

        foreach ((string topic, long sum) in sums)
        {
            if (sum != 0)
            {
                found.Add(AnomalyKind.MoneyNotConserved, $"the transfers of {topic} add up to {sum}");
            }
        }
    }
}
