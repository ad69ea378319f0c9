using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>Where the records of one epoch begin in the log: one line of <c>leader-epoch-checkpoint</c> (KIP-101).</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="StartOffset">The offset of its first record.</param>
public readonly record struct EpochStart(LeaderEpoch Epoch, Offset StartOffset);
