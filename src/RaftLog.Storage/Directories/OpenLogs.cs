using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>The logs of a directory that are in use, in the order of their partitions.</summary>
internal sealed class OpenLogs
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<TopicPartition, PartitionLog> _logs = [];

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _logs.Count;
            }
        }
    }

    /// <summary>All of them now.</summary>
    public PartitionLog[] Snapshot()
    {
        lock (_lock)
        {
            return [.. _logs.Values];
        }
    }

    /// <summary>The log of a partition; null when there is none.</summary>
    public PartitionLog? Find(TopicPartition partition)
    {
        lock (_lock)
        {
            return _logs.GetValueOrDefault(partition);
        }
    }

    /// <summary>A log is in use from now on, the only one of its partition.</summary>
    public void Add(PartitionLog log)
    {
        lock (_lock)
        {
            _logs.Add(log.Partition, log);
        }
    }

    /// <summary>A partition's log is out of use; false when it was already.</summary>
    public bool TryRemove(TopicPartition partition)
    {
        lock (_lock)
        {
            return _logs.Remove(partition);
        }
    }
}
