using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>
/// Compares what consumers saw with what is there, and with what others saw: dirty reads (A21), rejected records (A5), another value at the
/// offset (A1).
/// </summary>
internal sealed class ReadCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        Dictionary<(TopicPartition, Offset), RecordValue> gone = [];
        foreach (SeenRecord seen in evidence.History.Seen)
        {
            if (evidence.Log.TryGet(seen.Partition, seen.Offset, out SeenRecord holder))
            {
                if (holder.Value != seen.Value)
                {
                    found.Add(
                        AnomalyKind.InconsistentOffset,
                        $"consumer {seen.Consumer} saw {seen.Value} at {seen.Partition} offset {seen.Offset}, and {holder.Value} is there",
                        seen.Value,
                        holder.Value
                    );
                }

                continue;
            }

            CheckGone(seen, evidence, gone, found);
        }
    }

    private static void CheckGone(
        SeenRecord seen,
        Evidence evidence,
        Dictionary<(TopicPartition, Offset), RecordValue> gone,
        AnomalyList found
    )
    {
        if (
            !gone.TryAdd((seen.Partition, seen.Offset), seen.Value)
            && gone[(seen.Partition, seen.Offset)] is var other
            && other != seen.Value
        )
        {
            found.Add(
                AnomalyKind.InconsistentOffset,
                $"consumers saw {other} and {seen.Value} at {seen.Partition} offset {seen.Offset}",
                other,
                seen.Value
            );
        }

        if (evidence.Writers.TryGetValue(seen.Value, out SentRecord? sent) && sent.Outcome == SendOutcome.Rejected)
        {
            found.Add(
                AnomalyKind.RejectedRecord,
                $"consumer {seen.Consumer} saw {seen.Value} at {seen.Partition} offset {seen.Offset}, and its send was rejected",
                seen.Value
            );
        }

        bool isBeyond = !evidence.History.IsFinalComplete && seen.Offset >= evidence.Log.EndOf(seen.Partition);
        if (!isBeyond)
        {
            found.Add(
                AnomalyKind.DirtyRead,
                $"consumer {seen.Consumer} saw {seen.Value} at {seen.Partition} offset {seen.Offset}, and nothing is there",
                seen.Value
            );
        }
    }
}
