using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>
/// The high watermark in the responses to a consumer's fetches never goes back within one leadership (A23). A new leader may know a lower
/// one for a while. A consumer has one fetch of a partition under way at a time, so its responses stand in the order in which the leader
/// gave them; those of two consumers do not.
/// </summary>
internal sealed class HighWatermarkCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        Dictionary<(int, TopicPartition, LeaderEpoch), Offset> known = [];
        foreach (SeenHighWatermark seen in evidence.History.HighWatermarks)
        {
            (int, TopicPartition, LeaderEpoch) leadership = (seen.Consumer, seen.Partition, seen.Leadership);
            Offset before = known.GetValueOrDefault(leadership, Offset.None);
            if (seen.HighWatermark < before)
            {
                found.Add(
                    AnomalyKind.HighWatermarkRegression,
                    $"consumer {seen.Consumer} was told of the high watermark {seen.HighWatermark} of {seen.Partition} after {before}, "
                        + $"both in leader epoch {seen.Leadership}"
                );
            }

            known[leadership] = Offset.Max(before, seen.HighWatermark);
        }
    }
}
