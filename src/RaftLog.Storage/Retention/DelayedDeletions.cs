using RaftLog.Platform;

namespace RaftLog.Storage;

/// <summary>
/// Files of segments that are no longer part of their logs. They have the suffix <c>.deleted</c> already, as in Kafka, and go after
/// <c>file.delete.delay.ms</c>; a start removes what a stop left. Safe for concurrent use. Its size is bounded by what retention and
/// cleaning take in that time.
/// </summary>
internal sealed class DelayedDeletions(IDisk disk)
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<string, long> _waiting = new();

    /// <summary>A file goes at a time, in milliseconds since 1970.</summary>
    public void Add(string path, long dueMs)
    {
        lock (_lock)
        {
            _waiting.Enqueue(path, dueMs);
        }
    }

    /// <summary>
    /// Removes what is due. Its log may be gone with its directory by now, which is as good. What the disk does not let it remove for now
    /// is due again at the next run, and why is the result.
    /// </summary>
    /// <exception cref="DiskException">The disk has failed.</exception>
    public DiskException? Run(long nowMs)
    {
        DiskException? rejected = null;
        List<string> kept = [];
        while (TryTake(nowMs) is { } path)
        {
            try
            {
                disk.DeleteFile(path);
            }
            catch (DiskException failure) when (failure.MayPass)
            {
                rejected = failure;
                kept.Add(path);
            }
        }

        kept.ForEach(path => Add(path, nowMs));
        return rejected;
    }

    private string? TryTake(long nowMs)
    {
        lock (_lock)
        {
            return _waiting.TryPeek(out _, out long dueMs) && dueMs <= nowMs ? _waiting.Dequeue() : null;
        }
    }
}
