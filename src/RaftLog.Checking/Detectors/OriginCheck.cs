using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>Every record of the final log was sent, and to the partition in which it stands (A38).</summary>
internal sealed class OriginCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        foreach (RecordValue value in evidence.Log.Values)
        {
            evidence.Log.TryGetPlace(value, out (TopicPartition Partition, Offset Offset) place);
            if (!evidence.Writers.TryGetValue(value, out SentRecord? sent) || sent.Partition != place.Partition)
            {
                found.Add(AnomalyKind.AlienRecord, $"{value} at {place.Partition} offset {place.Offset} was never sent there", value);
            }
        }
    }
}
