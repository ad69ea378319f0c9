using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>How many replicas each partition was assigned of late.</summary>
internal sealed class ReplicaCounts
{
    /// <summary>
    /// How long a leader may act on an assignment that has grown since: longer than any cut lasts, after which it is told.
    /// </summary>
    private const long StalenessUs = 30_000_000;

    private readonly Dictionary<TopicPartition, List<(long SinceUs, int Count)>> _counts = [];

    /// <summary>A partition has so many replicas from now on.</summary>
    internal void Note(TopicPartition partition, int count, long nowUs)
    {
        if (!_counts.TryGetValue(partition, out List<(long SinceUs, int Count)>? counts))
        {
            _counts.Add(partition, counts = []);
        }

        if (counts.Count == 0 || counts[^1].Count != count)
        {
            counts.Add((nowUs, count));
        }
    }

    /// <summary>The least number that a leader may believe in; as many as can be where nothing is known of the partition.</summary>
    internal int FewestOf(TopicPartition partition, long nowUs)
    {
        List<(long SinceUs, int Count)> counts = _counts.GetValueOrDefault(partition) ?? [];
        int fewest = int.MaxValue;
        for (int i = counts.Count - 1; i >= 0; i--)
        {
            fewest = Math.Min(fewest, counts[i].Count);
            if (counts[i].SinceUs < nowUs - StalenessUs)
            {
                break;
            }
        }

        return fewest;
    }
}
