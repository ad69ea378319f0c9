using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>
/// How far readers were behind in real time (A41): for how long others had known of a record at or above the first one that a poll gives,
/// when it gave it. A figure and no promise: who begins at the beginning is behind by as much as the log is old.
/// </summary>
/// <param name="Consumer">Who polled.</param>
/// <param name="Partition">Where.</param>
/// <param name="AtUs">When the poll ended, in microseconds of the run.</param>
/// <param name="LagUs">How long, in microseconds; zero for who was the first to know.</param>
public readonly record struct ReadLag(int Consumer, TopicPartition Partition, long AtUs, long LagUs)
{
    /// <summary>The lag of every poll whose time is known, in the order of the history.</summary>
    public static IReadOnlyList<ReadLag> Of(History history)
    {
        IReadOnlyList<ReadLag> polls = FirstOfEachPoll(history.Seen, out List<Offset> first);
        Dictionary<TopicPartition, KnownSince> known = Knowledge(history);
        return [.. polls.Select((poll, i) => poll with { LagUs = Math.Max(0, poll.AtUs - known[poll.Partition].AtOrAbove(first[i])) })];
    }

    private static List<ReadLag> FirstOfEachPoll(IReadOnlyList<SeenRecord> seen, out List<Offset> first)
    {
        List<ReadLag> polls = [];
        first = [];
        (int Consumer, TopicPartition Partition, int Poll, long AtUs)? last = null;
        foreach (SeenRecord record in seen)
        {
            if (record.AtUs is not { } atUs || last == (record.Consumer, record.Partition, record.Poll, atUs))
            {
                continue;
            }

            last = (record.Consumer, record.Partition, record.Poll, atUs);
            polls.Add(new ReadLag(record.Consumer, record.Partition, atUs, 0));
            first.Add(record.Offset);
        }

        return polls;
    }

    private static Dictionary<TopicPartition, KnownSince> Knowledge(History history)
    {
        IEnumerable<(TopicPartition Partition, Offset Offset, long AtUs)> acknowledged = history
            .Sends.Where(each =>
                each is { Outcome: SendOutcome.Acknowledged, IsControl: false, CompletedUs: not null } && each.Offset != Offset.None
            )
            .Select(each => (each.Partition, each.Offset, each.CompletedUs!.Value));
        IEnumerable<(TopicPartition Partition, Offset Offset, long AtUs)> seen = history
            .Seen.Where(each => each.AtUs is not null)
            .Select(each => (each.Partition, each.Offset, each.AtUs!.Value));
        return acknowledged
            .Concat(seen)
            .GroupBy(each => each.Partition)
            .ToDictionary(each => each.Key, each => new KnownSince([.. each.Select(known => (known.Offset, known.AtUs))]));
    }

    /// <summary>Since when anybody has known of a record at or above an offset.</summary>
    private sealed class KnownSince
    {
        private readonly List<(Offset Offset, long AtUs)> _known;

        internal KnownSince(List<(Offset Offset, long AtUs)> known)
        {
            known.Sort();
            for (int i = known.Count - 2; i >= 0; i--)
            {
                known[i] = (known[i].Offset, Math.Min(known[i].AtUs, known[i + 1].AtUs));
            }

            _known = known;
        }

        internal long AtOrAbove(Offset offset)
        {
            int low = 0;
            int high = _known.Count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                (low, high) = _known[middle].Offset < offset ? (middle + 1, high) : (low, middle);
            }

            return low == _known.Count ? long.MaxValue : _known[low].AtUs;
        }
    }
}
