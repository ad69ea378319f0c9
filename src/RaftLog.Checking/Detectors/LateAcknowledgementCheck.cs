using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>Once a leader has acknowledged a record, no leader of a lower epoch takes one that is sent after that (A42).</summary>
internal sealed class LateAcknowledgementCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        Dictionary<TopicPartition, List<(LeaderEpoch Epoch, SentRecord Sent)>> acknowledged = [];
        foreach (SentRecord sent in evidence.History.Sends)
        {
            // A response tells no epoch: it is that of the batch at the offset.
            if (
                sent is { Outcome: SendOutcome.Acknowledged, IsControl: false, InvokedUs: not null, CompletedUs: not null }
                && evidence.Log.TryGet(sent.Partition, sent.Offset, out SeenRecord record)
                && record.Value == sent.Value
                && record.Epoch is { } epoch
            )
            {
                if (!acknowledged.TryGetValue(sent.Partition, out List<(LeaderEpoch, SentRecord)>? list))
                {
                    acknowledged.Add(sent.Partition, list = []);
                }

                list.Add((epoch, sent));
            }
        }

        foreach (List<(LeaderEpoch Epoch, SentRecord Sent)> list in acknowledged.Values)
        {
            CheckOne(list, found);
        }
    }

    private static void CheckOne(List<(LeaderEpoch Epoch, SentRecord Sent)> acknowledged, AnomalyList found)
    {
        // From the highest epoch down: when any higher epoch first acknowledged something.
        (LeaderEpoch Epoch, SentRecord Sent)? first = null;
        foreach (
            IGrouping<LeaderEpoch, SentRecord> epoch in acknowledged
                .GroupBy(each => each.Epoch, each => each.Sent)
                .OrderByDescending(each => each.Key)
        )
        {
            foreach (SentRecord sent in epoch)
            {
                if (first is { } known && sent.InvokedUs > known.Sent.CompletedUs)
                {
                    found.Add(
                        AnomalyKind.LateAcknowledgement,
                        $"{sent.Value} was sent to {sent.Partition} at {sent.InvokedUs} us and acknowledged in epoch {epoch.Key}, after "
                            + $"epoch {known.Epoch} had acknowledged {known.Sent.Value} at {known.Sent.CompletedUs} us",
                        sent.Value,
                        known.Sent.Value
                    );
                }
            }

            SentRecord earliest = epoch.MinBy(each => each.CompletedUs)!;
            if (first is null || earliest.CompletedUs < first.Value.Sent.CompletedUs)
            {
                first = (epoch.Key, earliest);
            }
        }
    }
}
