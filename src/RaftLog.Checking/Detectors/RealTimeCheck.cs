using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>A record that is sent after somebody knew of an offset stands behind that offset (A22).</summary>
internal sealed class RealTimeCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        Dictionary<TopicPartition, List<(long AtUs, Offset Offset)>> known = [];
        void Know(TopicPartition partition, long atUs, Offset offset)
        {
            if (!known.TryGetValue(partition, out List<(long, Offset)>? list))
            {
                known.Add(partition, list = []);
            }

            list.Add((atUs, offset));
        }

        foreach (SentRecord sent in evidence.History.Sends)
        {
            if (IsJudged(sent) && sent.CompletedUs is { } atUs)
            {
                Know(sent.Partition, atUs, sent.Offset);
            }
        }

        foreach (SeenRecord seen in evidence.History.Seen)
        {
            if (seen.AtUs is { } atUs)
            {
                Know(seen.Partition, atUs, seen.Offset);
            }
        }

        Dictionary<TopicPartition, KnownMaximum> maxima = [];
        foreach ((TopicPartition partition, List<(long AtUs, Offset Offset)> list) in known)
        {
            maxima.Add(partition, new KnownMaximum(list));
        }

        foreach (SentRecord sent in evidence.History.Sends)
        {
            if (
                IsJudged(sent)
                && sent.InvokedUs is { } invokedUs
                && maxima.TryGetValue(sent.Partition, out KnownMaximum? maximum)
                && maximum.Before(invokedUs) is var highest
                && sent.Offset <= highest
            )
            {
                found.Add(
                    AnomalyKind.StaleOffset,
                    $"{sent.Value} was acknowledged at {sent.Partition} offset {sent.Offset}, and {highest} was known {invokedUs} us "
                        + $"into the run, when it was sent",
                    sent.Value
                );
            }
        }
    }

    private static bool IsJudged(SentRecord sent) =>
        sent.Outcome == SendOutcome.Acknowledged && !sent.IsControl && sent.Offset != Offset.None;
}
