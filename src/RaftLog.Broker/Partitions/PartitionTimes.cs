namespace RaftLog.Broker.Partitions;

/// <summary>
/// When which partition has to look at the time: thousands of quiet ones cost nothing until then. A partition leaves an earlier time where it needs one, and is
/// passed over at the later one; so it stands here a few times at most.
/// </summary>
internal sealed class PartitionTimes
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<Partition, long> _queue = new();

    /// <summary>Leaves a time with a partition. From anywhere, also under the partition's lock.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="dueMs">The time, in the node's monotonic milliseconds.</param>
    public void Add(Partition partition, long dueMs)
    {
        lock (_gate)
        {
            _queue.Enqueue(partition, dueMs);
        }
    }

    /// <summary>Takes the partitions whose time has come.</summary>
    public void TakeDue(long nowMs, List<Partition> due)
    {
        lock (_gate)
        {
            while (_queue.TryPeek(out Partition? partition, out long dueMs) && dueMs <= nowMs)
            {
                _queue.Dequeue();
                due.Add(partition);
            }
        }
    }
}
