using System.Collections.Concurrent;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// In which log directory of a node the log of a new replica is made: the one that a client has asked for (KIP-113), the one that metadata
/// names, else the one with the fewest logs that is not cordoned (KIP-1066).
/// </summary>
/// <param name="directories">The directories that partitions lie in.</param>
internal sealed class LogPlacement(IReadOnlyList<LogDirectory> directories)
{
    /// <summary>The configuration key of the directories that get no new replicas.</summary>
    public const string CordonedKey = "cordoned.log.dirs";

    /// <summary>Its value for all directories.</summary>
    public const string AllDirectories = "*";

    /// <summary>Bounded by the partitions that metadata knows; an entry goes when the log is made.</summary>
    private readonly ConcurrentDictionary<TopicPartition, LogDirectory> _preferred = new();
    private volatile HashSet<LogDirectory> _cordoned = [];

    /// <summary>The ids of the cordoned directories.</summary>
    public List<Uuid> Cordoned => [.. directories.Where(IsCordoned).Select(each => each.Meta.DirectoryId)];

    /// <summary>The directory of a path; null when the node has none there.</summary>
    public LogDirectory? Find(string path) => directories.FirstOrDefault(each => each.Path == path);

    /// <summary>True when a directory gets no new replicas.</summary>
    public bool IsCordoned(LogDirectory directory) => _cordoned.Contains(directory);

    /// <summary>Takes <c>cordoned.log.dirs</c>; false when it changes nothing.</summary>
    /// <param name="paths">Paths, or <c>*</c> for all.</param>
    public bool TryCordon(IReadOnlyList<string> paths)
    {
        HashSet<LogDirectory> cordoned = [.. directories.Where(each => paths.Contains(AllDirectories) || paths.Contains(each.Path))];
        if (cordoned.SetEquals(_cordoned))
        {
            return false;
        }

        _cordoned = cordoned;
        return true;
    }

    /// <summary>Notes where the log of a partition that the node does not hold shall be made.</summary>
    public void Prefer(TopicPartition partition, LogDirectory directory) => _preferred[partition] = directory;

    /// <summary>The directory that has a partition's log, or in which it is to be made; null when all are offline.</summary>
    /// <param name="name">The partition.</param>
    /// <param name="assigned">The directory that metadata names.</param>
    /// <param name="making">How many logs are being made in a directory now.</param>
    public LogDirectory? Of(TopicPartition name, Uuid assigned, Func<LogDirectory, int> making)
    {
        LogDirectory? best = null;
        (int, int) least = default;
        foreach (LogDirectory directory in directories)
        {
            if (directory.Find(name) is not null)
            {
                _preferred.TryRemove(name, out _);
                return directory;
            }

            if (!directory.Health.IsOffline)
            {
                (int, int) weight = (ClassOf(name, directory, assigned), directory.LogCount + making(directory));
                (best, least) = best is null || weight.CompareTo(least) < 0 ? (directory, weight) : (best, least);
            }
        }

        return best;
    }

    private int ClassOf(TopicPartition name, LogDirectory directory, Uuid assigned) =>
        _preferred.GetValueOrDefault(name) == directory ? 0
        : directory.Meta.DirectoryId == assigned ? 1
        : IsCordoned(directory) ? 3
        : 2;
}
