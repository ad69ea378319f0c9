using RaftLog.Protocol;

namespace RaftLog.Client.Admin;

/// <summary>What a search for an offset found.</summary>
/// <param name="Offset">The offset, or <see cref="Protocol.Offset.None"/> when no record is that late.</param>
/// <param name="Timestamp">The record's time in milliseconds since 1970, or -1.</param>
/// <param name="LeaderEpoch">The record's epoch, or <see cref="Protocol.LeaderEpoch.None"/>.</param>
public readonly record struct FoundOffset(Offset Offset, long Timestamp, LeaderEpoch LeaderEpoch);
