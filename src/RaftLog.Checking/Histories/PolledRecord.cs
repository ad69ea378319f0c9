using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>One record of a poll.</summary>
/// <param name="Offset">Its offset.</param>
/// <param name="Value">What it says.</param>
/// <param name="Epoch">The epoch of the leader that appended it.</param>
public readonly record struct PolledRecord(Offset Offset, RecordValue Value, LeaderEpoch Epoch);
