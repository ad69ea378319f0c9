using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>Each consumer is given every record once and in order, within a poll (A7, A8) and between polls (A9, A10).</summary>
internal sealed class ReadOrderCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        Dictionary<(int Consumer, TopicPartition Partition), SeenRecord> last = [];
        foreach (SeenRecord seen in evidence.History.Seen)
        {
            (int, TopicPartition) lane = (seen.Consumer, seen.Partition);
            if (last.TryGetValue(lane, out SeenRecord before))
            {
                CheckStep(seen, before, evidence, found);
            }

            last[lane] = seen;
        }
    }

    private static void CheckStep(SeenRecord seen, SeenRecord before, Evidence evidence, AnomalyList found)
    {
        bool isOnePoll = seen.Poll != 0 && seen.Poll == before.Poll;
        if (seen.Offset <= before.Offset)
        {
            found.Add(
                isOnePoll ? AnomalyKind.NonmonotonicPoll : AnomalyKind.NonmonotonicRead,
                $"consumer {seen.Consumer} saw {seen.Partition} offset {seen.Offset} after {before.Offset}",
                before.Value,
                seen.Value
            );
            return;
        }

        Offset next = evidence.IndexOf(seen.Partition)!.After(before.Offset);
        if (next < seen.Offset)
        {
            found.Add(
                isOnePoll ? AnomalyKind.SkipInPoll : AnomalyKind.SkippedRecord,
                $"consumer {seen.Consumer} saw {seen.Partition} offset {before.Offset}, then {seen.Offset}, but {next} is between them",
                before.Value,
                seen.Value
            );
        }
    }
}
