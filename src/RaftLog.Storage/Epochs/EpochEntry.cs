using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>Where a leader epoch begins in a log (KIP-101).</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="StartOffset">The first offset that its leader appended.</param>
public readonly record struct EpochEntry(LeaderEpoch Epoch, Offset StartOffset);

/// <summary>Where a leader epoch ends in a log: the response to OffsetForLeaderEpoch (KIP-101, KIP-279).</summary>
/// <param name="Epoch">The largest epoch of the log that is not above the one asked for; <see cref="LeaderEpoch.None"/> when there is
/// none.</param>
/// <param name="EndOffset">The first offset after it; <see cref="Offset.None"/> when there is no such epoch.</param>
public readonly record struct StoredEpochEnd(LeaderEpoch Epoch, Offset EndOffset)
{
    /// <summary>The log knows no epoch up to the one asked for.</summary>
    public static readonly StoredEpochEnd Unknown = new(LeaderEpoch.None, Offset.None);
}
