namespace RaftLog.Storage;

/// <summary>What the flusher of one log directory has counted since it started. Its loop writes, anybody reads.</summary>
public sealed class FlushCounters
{
    private long _groups;
    private long _logs;
    private long _bytes;
    private long _ticks;

    /// <summary>Groups of logs that were flushed together.</summary>
    public long Groups => Volatile.Read(ref _groups);

    /// <summary>Logs in these groups.</summary>
    public long Logs => Volatile.Read(ref _logs);

    /// <summary>Bytes of records that they flushed.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The time that the groups took, in timestamps of the node's clock.</summary>
    public long Ticks => Volatile.Read(ref _ticks);

    internal void Flushed(int logs, long bytes, long ticks)
    {
        Volatile.Write(ref _groups, _groups + 1);
        Volatile.Write(ref _logs, _logs + logs);
        Volatile.Write(ref _bytes, _bytes + bytes);
        Volatile.Write(ref _ticks, _ticks + ticks);
    }
}
