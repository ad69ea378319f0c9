using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>Compares what consumers saw with what is there, and with what they saw before.</summary>
internal sealed class ReadCheck(History history, FinalLog log)
{
    internal void Run(AnomalyList found)
    {
        SortedDictionary<TopicPartition, List<Offset>> offsets = [];
        foreach (SeenRecord record in history.Final)
        {
            if (!offsets.TryGetValue(record.Partition, out List<Offset>? known))
            {
                offsets.Add(record.Partition, known = []);
            }

            known.Add(record.Offset);
        }

        foreach (List<Offset> known in offsets.Values)
        {
            known.Sort();
        }

        Dictionary<(int Consumer, TopicPartition Partition), Offset> last = [];
        foreach (SeenRecord seen in history.Seen)
        {
            CheckValue(seen, found);
            (int, TopicPartition) lane = (seen.Consumer, seen.Partition);
            if (last.TryGetValue(lane, out Offset before))
            {
                CheckStep(seen, before, offsets.GetValueOrDefault(seen.Partition), found);
            }

            last[lane] = seen.Offset;
        }
    }

    private static void CheckStep(SeenRecord seen, Offset before, List<Offset>? offsets, AnomalyList found)
    {
        if (seen.Offset <= before)
        {
            found.Add(AnomalyKind.NonmonotonicRead, $"consumer {seen.Consumer} saw {seen.Partition} offset {seen.Offset} after {before}");
            return;
        }

        int from = offsets?.BinarySearch(before) ?? -1;
        if (from >= 0 && from + 1 < offsets!.Count && offsets[from + 1] < seen.Offset)
        {
            found.Add(
                AnomalyKind.SkippedRecord, $"consumer {seen.Consumer} saw {seen.Partition} offset {before}, then {seen.Offset}, but {offsets[from + 1]} is between them");
        }
    }

    private void CheckValue(SeenRecord seen, AnomalyList found)
    {
        if (!log.TryGetValue(seen.Partition, seen.Offset, out RecordValue value))
        {
            found.Add(AnomalyKind.DirtyRead, $"consumer {seen.Consumer} saw {seen.Value} at {seen.Partition} offset {seen.Offset}, and nothing is there");
        }
        else if (value != seen.Value)
        {
            found.Add(AnomalyKind.InconsistentOffset, $"consumer {seen.Consumer} saw {seen.Value} at {seen.Partition} offset {seen.Offset}, and {value} is there");
        }
    }
}
