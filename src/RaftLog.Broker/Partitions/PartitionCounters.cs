namespace RaftLog.Broker.Partitions;

/// <summary>What the partitions of a node have counted since it started. Any thread writes, anybody reads.</summary>
internal sealed class PartitionCounters
{
    private long _inSyncShrinks;
    private long _inSyncExpansions;
    private long _leaderships;

    /// <summary>How often replicas left the in-sync set of a partition that this node leads.</summary>
    public long InSyncShrinks => Volatile.Read(ref _inSyncShrinks);

    /// <summary>How often replicas joined the in-sync set of a partition that this node leads.</summary>
    public long InSyncExpansions => Volatile.Read(ref _inSyncExpansions);

    /// <summary>How often this node began to lead a partition.</summary>
    public long Leaderships => Volatile.Read(ref _leaderships);

    /// <summary>This node began to lead a partition.</summary>
    public void BeganToLead() => Interlocked.Increment(ref _leaderships);

    /// <summary>The in-sync set of a partition that this node leads has changed.</summary>
    public void InSyncChanged(int before, int after)
    {
        if (after < before)
        {
            Interlocked.Increment(ref _inSyncShrinks);
        }
        else if (after > before)
        {
            Interlocked.Increment(ref _inSyncExpansions);
        }
    }
}
