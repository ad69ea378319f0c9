namespace RaftLog.Replication;

/// <summary>
/// A follower's position that stands in a fetch session (KIP-227): each later fetch of the session that does not name the partition repeats
/// it. So such a fetch counts as one from the recorded offset in the recorded epoch, and as nothing more.
/// </summary>
public interface IStandingFetch
{
    /// <summary>
    /// When the session was last heard of while it held this position, in the host's monotonic milliseconds; it stays where it is once the
    /// session has ended or has forgotten the partition.
    /// </summary>
    long LastFetchMs { get; }
}
