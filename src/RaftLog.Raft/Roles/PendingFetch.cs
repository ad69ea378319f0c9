using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// The one request for data that a replica has under way in one role. A reply counts only if it answers that request: a late one speaks of
/// a log that has changed since.
/// </summary>
internal sealed class PendingFetch
{
    private long _requestId;

    public bool IsWaiting => _requestId != 0;

    public NodeId Target { get; private set; } = NodeId.None;

    /// <summary>When the request under way is given up.</summary>
    public long GiveUpMs { get; private set; } = long.MaxValue;

    /// <summary>When the next request may leave.</summary>
    public long RetryAtMs { get; private set; } = long.MinValue;

    /// <summary>True when the next fetch goes to another voter than the leader, to learn whether there is a new one.</summary>
    public bool AskElsewhere { get; set; }

    /// <summary>The snapshot that is being fetched instead of records.</summary>
    public SnapshotDownload? Download { get; set; }

    public void Sent(long requestId, NodeId target, long giveUpMs)
    {
        _requestId = requestId;
        Target = target;
        GiveUpMs = giveUpMs;
    }

    /// <summary>Ends the request under way if it is this one.</summary>
    public bool TryEnd(long requestId)
    {
        if (_requestId == 0 || _requestId != requestId)
        {
            return false;
        }

        _requestId = 0;
        GiveUpMs = long.MaxValue;
        return true;
    }

    /// <summary>Ends the request under way, whichever it is.</summary>
    public void GiveUp() => TryEnd(_requestId);

    public void Pause(long untilMs) => RetryAtMs = untilMs;

    /// <summary>A snapshot on its way: which, and how much of it has come.</summary>
    internal sealed class SnapshotDownload(SnapshotId snapshot)
    {
        public SnapshotId Snapshot { get; } = snapshot;

        public long Position { get; set; }
    }
}
