using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>Compares what producers were told with what is there.</summary>
internal sealed class SendCheck(IReadOnlyList<SentRecord> sends, FinalLog log)
{
    internal void Run(AnomalyList found)
    {
        Dictionary<RecordValue, SentRecord> byValue = [];
        Dictionary<(int Producer, TopicPartition Partition), (RecordValue Value, Offset Offset)> last = [];
        foreach (SentRecord sent in sends)
        {
            byValue[sent.Value] = sent;
            CheckOne(sent, found);
            if (!log.TryGetPlace(sent.Value, out (TopicPartition Partition, Offset Offset) place) || place.Partition != sent.Partition)
            {
                continue;
            }

            (int, TopicPartition) lane = (sent.Producer, sent.Partition);
            if (last.TryGetValue(lane, out (RecordValue Value, Offset Offset) before) && before.Offset > place.Offset)
            {
                found.Add(
                    AnomalyKind.ReorderedSend,
                    $"producer {sent.Producer} sent {before.Value} before {sent.Value} to {sent.Partition}, and they stand at {before.Offset} and {place.Offset}");
            }

            last[lane] = (sent.Value, place.Offset);
        }

        foreach (RecordValue value in log.Values)
        {
            log.TryGetPlace(value, out (TopicPartition Partition, Offset Offset) place);
            if (!byValue.TryGetValue(value, out SentRecord? sent) || sent.Partition != place.Partition)
            {
                found.Add(AnomalyKind.AlienRecord, $"{value} at {place.Partition} offset {place.Offset} was never sent there");
            }
        }
    }

    private void CheckOne(SentRecord sent, AnomalyList found)
    {
        bool isThere = log.TryGetPlace(sent.Value, out (TopicPartition Partition, Offset Offset) place);
        if (sent.Outcome == SendOutcome.Refused && isThere)
        {
            found.Add(AnomalyKind.RefusedRecord, $"{sent.Value} of producer {sent.Producer} was refused and stands at {place.Partition} offset {place.Offset}");
        }

        if (sent.Outcome != SendOutcome.Acknowledged)
        {
            return;
        }

        if (!isThere)
        {
            found.Add(AnomalyKind.LostRecord, $"{sent.Value} of producer {sent.Producer} was acknowledged at {sent.Partition} offset {sent.Offset}");
        }

        if (sent.Offset != Offset.None && log.TryGetValue(sent.Partition, sent.Offset, out RecordValue value) && value != sent.Value)
        {
            found.Add(AnomalyKind.InconsistentOffset, $"{sent.Partition} offset {sent.Offset} was acknowledged for {sent.Value} and holds {value}");
        }
        else if (isThere && sent.Offset != Offset.None && place.Offset != sent.Offset)
        {
            found.Add(AnomalyKind.InconsistentOffset, $"{sent.Value} was acknowledged at {sent.Partition} offset {sent.Offset} and stands at {place.Offset}");
        }
    }
}
