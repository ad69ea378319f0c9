using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>
/// A reader from the beginning of a compacted partition sees of each key the last record that was acknowledged before it began, or a later
/// one (A37); it is given offsets in their order (A10), and what was sent (A38, A1).
/// </summary>
internal sealed class CompactionCheck : IDetector
{
    /// <summary>Clocks run up to two in a hundred fast.</summary>
    private const double ClockTolerance = 0.95;

    public void Run(Evidence evidence, AnomalyList found)
    {
        foreach (KeyedHistory history in evidence.History.Keyed)
        {
            ILookup<int, KeyedSend> sends = history.Sends.ToLookup(each => each.Key);
            Dictionary<Offset, KeyedSend> places = [];
            foreach (KeyedSend sent in history.Sends.Where(each => each.Outcome == SendOutcome.Acknowledged))
            {
                places.TryAdd(sent.Offset, sent);
            }

            HashSet<(int, RecordValue?)> written = [.. history.Sends.Select(each => (each.Key, each.Value))];
            foreach (KeyedRead read in history.Reads)
            {
                CheckRecords(history.Partition, read, places, written, found);
                CheckKeys(history, read, sends, found);
            }
        }
    }

    private static void CheckRecords(
        TopicPartition partition,
        KeyedRead read,
        Dictionary<Offset, KeyedSend> places,
        HashSet<(int, RecordValue?)> written,
        AnomalyList found
    )
    {
        Offset before = Offset.None;
        foreach (KeyedRecord record in read.Records)
        {
            string where = $"reader {read.Reader} was given key {record.Key} at {partition} offset {record.Offset}";
            if (record.Offset <= before)
            {
                found.Add(AnomalyKind.NonmonotonicRead, $"{where}, after offset {before}");
            }

            before = record.Offset;
            if (!written.Contains((record.Key, record.Value)))
            {
                found.Add(AnomalyKind.AlienRecord, $"{where}, with a value that nobody sent with it");
            }
            else if (places.TryGetValue(record.Offset, out KeyedSend? sent) && (sent.Key != record.Key || sent.Value != record.Value))
            {
                found.Add(AnomalyKind.InconsistentOffset, $"{where}, and key {sent.Key} was acknowledged there");
            }
        }
    }

    private static void CheckKeys(KeyedHistory history, KeyedRead read, ILookup<int, KeyedSend> sends, AnomalyList found)
    {
        Dictionary<int, Offset> last = [];
        foreach (KeyedRecord record in read.Records)
        {
            last[record.Key] = record.Offset;
        }

        foreach (IGrouping<int, KeyedSend> ofKey in sends)
        {
            KeyedSend? newest = ofKey
                .Where(each => each.Outcome == SendOutcome.Acknowledged && each.CompletedUs < read.BeganUs && each.Offset < read.End)
                .MaxBy(each => each.Offset);
            bool isSeen = last.TryGetValue(ofKey.Key, out Offset seen);
            if (newest is null || (isSeen && seen >= newest.Offset) || (!isSeen && newest.Value is null))
            {
                continue;
            }

            if (newest.Value is null && read.EndedUs - newest.CompletedUs >= history.TombstonesStay.TotalMicroseconds * ClockTolerance)
            {
                continue;
            }

            // What a later record has overwritten while the reader was under way may be gone before it came there.
            bool isOverwritten = ofKey.Any(each =>
                each.Outcome != SendOutcome.Rejected
                && each.InvokedUs < read.EndedUs
                && (each.Outcome == SendOutcome.Unknown || each.Offset > newest.Offset)
            );
            if (!isOverwritten)
            {
                string sees = isSeen ? $"sees the one at {seen} last" : "sees none";
                found.Add(
                    AnomalyKind.LostLastValue,
                    $"the last record of key {ofKey.Key} in {history.Partition} was acknowledged at offset {newest.Offset}, "
                        + $"and reader {read.Reader} from the beginning to {read.End} {sees}"
                );
            }
        }
    }
}
