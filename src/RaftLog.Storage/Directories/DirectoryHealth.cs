using RaftLog.Platform;

namespace RaftLog.Storage;

/// <summary>Whether a log directory is in use.</summary>
public enum DirectoryState
{
    /// <summary>In use.</summary>
    Online = 0,

    /// <summary>The disk failed a write or a flush: nothing more is written there until the node is started again.</summary>
    Offline = 1,
}

/// <summary>
/// The state of one log directory. It goes offline once and for good: what a failed flush left on the disk is unknown, and flushing again
/// may succeed although bytes were lost (ARCHITECTURE D6).
/// </summary>
public sealed class DirectoryHealth
{
    private DiskException? _cause;

    /// <summary>
    /// Raised once, by whoever met the failure; it may hold a partition's lock, so a handler only notes it and wakes somebody.
    /// </summary>
    public event Action<DiskException>? WentOffline;

    /// <summary>
    /// Raised each time when the disk has rejected something for want of room, rights or descriptors that can be done later: the directory
    /// stays in use. As for <see cref="WentOffline"/>, a handler only notes it.
    /// </summary>
    public event Action<DiskException>? Rejected;

    /// <summary>The state.</summary>
    public DirectoryState State => Volatile.Read(ref _cause) is null ? DirectoryState.Online : DirectoryState.Offline;

    /// <summary>Why it is offline; null while online.</summary>
    public DiskException? Cause => Volatile.Read(ref _cause);

    /// <summary>True once it is offline.</summary>
    public bool IsOffline => State == DirectoryState.Offline;

    /// <summary>Something is put off, and must be told.</summary>
    internal void Reject(DiskException cause) => Rejected?.Invoke(cause);

    /// <summary>Takes the directory offline.</summary>
    internal void Fail(DiskException cause)
    {
        if (Interlocked.CompareExchange(ref _cause, cause, null) is null)
        {
            WentOffline?.Invoke(cause);
        }
    }
}
