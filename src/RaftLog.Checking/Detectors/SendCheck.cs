using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>
/// Compares what producers were told with what is there: lost (A3), unseen (A4), rejected and there (A5), at another offset (A1), a gap
/// taken (A27).
/// </summary>
internal sealed class SendCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        Dictionary<(TopicPartition, Offset), RecordValue> acknowledged = [];
        foreach (SentRecord sent in evidence.History.Sends)
        {
            bool isThere = evidence.Log.TryGetPlace(sent.Value, out (TopicPartition Partition, Offset Offset) place);
            if (sent.Outcome == SendOutcome.Rejected && isThere)
            {
                found.Add(
                    AnomalyKind.RejectedRecord,
                    $"{sent.Value} of producer {sent.Producer} was rejected and stands at {place.Partition} offset {place.Offset}",
                    sent.Value
                );
            }

            if (sent.Outcome != SendOutcome.Acknowledged || sent.IsControl)
            {
                continue;
            }

            if (sent.LeavesGap)
            {
                found.Add(
                    AnomalyKind.GapAccepted,
                    $"{sent.Value} of producer {sent.Producer} was taken by {sent.Partition} without the batch before it",
                    sent.Value
                );
            }

            if (!isThere)
            {
                AddAbsent(sent, evidence, found);
            }

            if (sent.Offset != Offset.None)
            {
                CheckOffset(sent, isThere ? place.Offset : Offset.None, evidence, acknowledged, found);
            }
        }
    }

    private static void AddAbsent(SentRecord sent, Evidence evidence, AnomalyList found)
    {
        bool isBeyond = sent.Offset == Offset.None || sent.Offset >= evidence.Log.EndOf(sent.Partition);
        AnomalyKind kind = !evidence.History.IsFinalComplete && isBeyond ? AnomalyKind.UnseenRecord : AnomalyKind.LostRecord;
        found.Add(kind, $"{sent.Value} of producer {sent.Producer} was acknowledged at {sent.Partition} offset {sent.Offset}", sent.Value);
    }

    private static void CheckOffset(
        SentRecord sent,
        Offset place,
        Evidence evidence,
        Dictionary<(TopicPartition, Offset), RecordValue> acknowledged,
        AnomalyList found
    )
    {
        if (evidence.Log.TryGet(sent.Partition, sent.Offset, out SeenRecord holder) && holder.Value != sent.Value)
        {
            found.Add(
                AnomalyKind.InconsistentOffset,
                $"{sent.Partition} offset {sent.Offset} was acknowledged for {sent.Value} and holds {holder.Value}",
                sent.Value,
                holder.Value
            );
        }
        else if (place != Offset.None && place != sent.Offset)
        {
            found.Add(
                AnomalyKind.InconsistentOffset,
                $"{sent.Value} was acknowledged at {sent.Partition} offset {sent.Offset} and stands at {place}",
                sent.Value
            );
        }
        else if (!acknowledged.TryAdd((sent.Partition, sent.Offset), sent.Value))
        {
            RecordValue other = acknowledged[(sent.Partition, sent.Offset)];
            found.Add(
                AnomalyKind.InconsistentOffset,
                $"{sent.Partition} offset {sent.Offset} was acknowledged for {other} and for {sent.Value}",
                other,
                sent.Value
            );
        }
    }
}
