using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Replication;

namespace RaftLog.Broker.Partitions;

/// <summary>A partition in the hands of one fetcher. For the fetcher's loop alone, but for what says otherwise.</summary>
internal sealed class FollowedPartition(Partition partition, LeaderEpoch epoch, TimeSpan longestPause)
{
    private FetchBackoff _backoff = new(longestPause);
    private Offset _rejectedAt = Offset.None;

    public Partition Partition { get; } = partition;

    /// <summary>The leadership that it was last handed over for.</summary>
    public LeaderEpoch Epoch { get; } = epoch;

    /// <summary>True while it is listed in <see cref="FollowedPartitions"/>, and under its lock.</summary>
    public bool IsDue { get; set; }

    /// <summary>True once another has taken its place, or nobody. Under the lock of <see cref="FollowedPartitions"/>.</summary>
    public bool IsGone { get; set; }

    /// <summary>Its part of the request, written anew for each that names it.</summary>
    public FetchRequest.FetchPartition Request { get; } = new() { Partition = partition.Id.Partition };

    /// <summary>The position that the last request which named it has sent.</summary>
    public FetchPosition Sent { get; set; }

    public long PausedUntilMs => _backoff.UntilMs;

    /// <summary>The end of the pause for which it is queued.</summary>
    public long QueuedUntilMs { get; set; }

    public void Pause(long nowMs) => _backoff.Pause(nowMs);

    /// <summary>True when nothing was rejected yet at the position that was sent.</summary>
    public bool IsFirstRejection()
    {
        bool isFirst = _rejectedAt != Sent.FetchOffset;
        _rejectedAt = Sent.FetchOffset;
        return isFirst;
    }

    public void ResetBackoff() => _backoff.Reset();
}
