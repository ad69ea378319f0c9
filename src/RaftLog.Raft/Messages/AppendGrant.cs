using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// The response to a leader that wants to append records. It holds until the next input to the core: the shell writes the batch and reports
/// <see cref="RaftCore.LogAppended"/> before anything else.
/// </summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or <see cref="ErrorCode.NotController"/> when this node may not append now.</param>
/// <param name="Epoch">The epoch of the batch.</param>
/// <param name="BaseOffset">The offset of its first record.</param>
public readonly record struct AppendGrant(ErrorCode Error, LeaderEpoch Epoch, Offset BaseOffset);
