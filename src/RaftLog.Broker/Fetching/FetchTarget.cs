using RaftLog.Protocol;

namespace RaftLog.Broker.Fetching;

/// <summary>One partition as a fetch names it: by topic id from version 13, by name before.</summary>
/// <param name="Topic">The name; empty when the fetch uses ids.</param>
/// <param name="TopicId">The id; zero when the fetch uses names.</param>
/// <param name="Partition">The partition's index.</param>
internal readonly record struct FetchKey(string Topic, Uuid TopicId, int Partition);

/// <summary>What a fetch wants of one partition, and in a session what it was last told.</summary>
internal sealed class FetchTarget(FetchKey key)
{
    private static readonly Offset NeverTold = new(-2);

    /// <summary>The partition.</summary>
    public FetchKey Key { get; } = key;

    /// <summary>The name that the topic's id had when it was first found; null until then, and for a fetch by name.</summary>
    public string? ResolvedName { get; set; }

    /// <summary>The next offset that is wanted.</summary>
    public Offset FetchOffset { get; set; }

    /// <summary>The epoch of the leader that the client believes in, or none.</summary>
    public LeaderEpoch CurrentLeaderEpoch { get; set; } = LeaderEpoch.None;

    /// <summary>The epoch of the last record that a follower holds, or none.</summary>
    public LeaderEpoch LastFetchedEpoch { get; set; } = LeaderEpoch.None;

    /// <summary>Where a follower's log starts, or none.</summary>
    public Offset LogStartOffset { get; set; } = Offset.None;

    /// <summary>The most bytes wanted of this partition.</summary>
    public int MaxBytes { get; set; }

    /// <summary>The high watermark that the follower knows (KIP-1166).</summary>
    public Offset KnownHighWatermark { get; set; } = new(long.MaxValue);

    /// <summary>The high watermark that the session's last answer carried.</summary>
    public Offset ToldHighWatermark { get; set; } = NeverTold;

    /// <summary>The log start that the session's last answer carried.</summary>
    public Offset ToldLogStart { get; set; } = NeverTold;
}
