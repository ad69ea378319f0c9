using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>Looks at the final log alone: two values at one offset (A1), one value at two (A2).</summary>
internal sealed class DuplicateCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        foreach (SeenRecord record in evidence.History.Final)
        {
            evidence.Log.TryGet(record.Partition, record.Offset, out SeenRecord first);
            if (first.Value != record.Value)
            {
                found.Add(
                    AnomalyKind.InconsistentOffset,
                    $"{record.Partition} offset {record.Offset} holds {first.Value} and {record.Value} in one read",
                    first.Value,
                    record.Value
                );
                continue;
            }

            evidence.Log.TryGetPlace(record.Value, out (TopicPartition Partition, Offset Offset) place);
            if (place != (record.Partition, record.Offset) && !evidence.IsControl(record.Value))
            {
                found.Add(
                    AnomalyKind.Duplicate,
                    $"{record.Value} stands at {place.Partition} offset {place.Offset} and at {record.Partition} offset {record.Offset}",
                    record.Value
                );
            }
        }
    }
}
