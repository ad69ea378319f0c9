using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>What a crash leaves that comes while a copy takes a log's place in another directory: both.</summary>
public static class DuplicateLogs
{
    /// <summary>
    /// Keeps one log of each partition: the copy was written to since, so it goes further, and where neither does they hold the same. The
    /// other is renamed and stays. Only logs of the same topic id are compared.
    /// </summary>
    /// <param name="directories">All directories of a node, with their logs open.</param>
    /// <returns>The logs that were set aside, and their paths now; null where the disk failed.</returns>
    public static IReadOnlyList<(PartitionLog Log, string? Path)> SetAside(IReadOnlyList<LogDirectory> directories)
    {
        List<(PartitionLog Log, string? Path)> aside = [];
        Dictionary<TopicPartition, (PartitionLog Log, LogDirectory In)> kept = [];
        foreach (LogDirectory directory in directories)
        {
            foreach (PartitionLog log in directory.Logs)
            {
                if (!kept.TryGetValue(log.Partition, out (PartitionLog Log, LogDirectory In) other))
                {
                    kept.Add(log.Partition, (log, directory));
                }
                else if (log.TopicId == other.Log.TopicId && log.TopicId != Uuid.Zero)
                {
                    bool isBetter = log.GoesFurtherThan(other.Log);
                    (PartitionLog loser, LogDirectory place) = isBetter ? other : (log, directory);
                    kept[log.Partition] = isBetter ? (log, directory) : other;
                    aside.Add((loser, place.SetAsStray(loser)));
                }
            }
        }

        return aside;
    }
}
