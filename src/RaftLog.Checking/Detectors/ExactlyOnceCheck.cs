using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>
/// A pipeline has made exactly one record from each record below the offset that it has committed, and none from those behind it (A34):
/// what it read, what it wrote and how far it came are one transaction.
/// </summary>
internal sealed class ExactlyOnceCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        if (evidence.History.Pipelines.Count == 0 || !evidence.History.IsFinalComplete)
        {
            return;
        }

        Dictionary<(TopicPartition, Offset), RecordValue> made = [];
        foreach (RecordValue value in evidence.Log.Values)
        {
            if (evidence.Writers.TryGetValue(value, out SentRecord? sent) && sent.Source is { } source && !made.TryAdd(source, value))
            {
                found.Add(
                    AnomalyKind.NotExactlyOnce,
                    $"{made[source]} and {value} were both made from {source.Partition} offset {source.Offset}",
                    made[source],
                    value
                );
            }
        }

        foreach (Pipeline pipeline in evidence.History.Pipelines)
        {
            foreach (SeenRecord input in evidence.History.Final)
            {
                if (!pipeline.Committed.TryGetValue(input.Partition, out Offset committed))
                {
                    continue;
                }

                bool isMade = made.TryGetValue((input.Partition, input.Offset), out RecordValue output);
                if (isMade != input.Offset < committed)
                {
                    found.Add(
                        AnomalyKind.NotExactlyOnce,
                        isMade
                            ? $"{output} was made from {input.Partition} offset {input.Offset}, and {pipeline.Group} has committed "
                                + $"{committed} only"
                            : $"{pipeline.Group} has committed {committed} in {input.Partition}, and nothing was made from offset "
                                + $"{input.Offset}",
                        input.Value
                    );
                }
            }
        }
    }
}
