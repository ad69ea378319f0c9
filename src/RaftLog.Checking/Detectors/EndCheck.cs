using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>The end of a partition, once told, never goes back (A23, KIP-207).</summary>
internal sealed class EndCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        foreach (IGrouping<TopicPartition, SeenEnd> partition in evidence.History.Ends.GroupBy(each => each.Partition))
        {
            KnownMaximum known = new([.. partition.Select(each => (each.CompletedUs, each.End))]);
            foreach (SeenEnd end in partition)
            {
                Offset before = known.Before(end.InvokedUs);
                if (end.End < before)
                {
                    found.Add(
                        AnomalyKind.EndRegression,
                        $"{end.Partition} ended at {end.End} at {end.CompletedUs} us, and at {before} before"
                    );
                }
            }
        }
    }
}
