using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>The records of one producer stand in the order of its calls (A11), those without an outcome too.</summary>
internal sealed class SendOrderCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        Dictionary<(int Producer, TopicPartition Partition), (RecordValue Value, Offset Offset)> last = [];
        foreach (SentRecord sent in evidence.History.Sends)
        {
            if (
                sent.IsControl
                || !evidence.Log.TryGetPlace(sent.Value, out (TopicPartition Partition, Offset Offset) place)
                || place.Partition != sent.Partition
            )
            {
                continue;
            }

            (int, TopicPartition) lane = (sent.Producer, sent.Partition);
            if (last.TryGetValue(lane, out (RecordValue Value, Offset Offset) before) && before.Offset > place.Offset)
            {
                found.Add(
                    AnomalyKind.ReorderedSend,
                    $"producer {sent.Producer} sent {before.Value} before {sent.Value} to {sent.Partition}, and they stand at "
                        + $"{before.Offset} and {place.Offset}",
                    before.Value,
                    sent.Value
                );
            }

            last[lane] = (sent.Value, place.Offset);
        }
    }
}
