using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>A batch as it stands in a replica's files.</summary>
/// <param name="BaseOffset">Its first offset.</param>
/// <param name="LastOffset">Its last offset.</param>
/// <param name="Bytes">All its bytes.</param>
public readonly record struct ReplicaBatch(Offset BaseOffset, Offset LastOffset, ReadOnlyMemory<byte> Bytes);
