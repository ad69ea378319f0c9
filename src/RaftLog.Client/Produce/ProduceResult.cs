using RaftLog.Protocol;

namespace RaftLog.Client.Produce;

/// <summary>Where a record stands.</summary>
/// <param name="Partition">The partition's index.</param>
/// <param name="Offset">The record's offset; <see cref="Protocol.Offset.None"/> with <see cref="Acks.None"/>, or when only the response to
/// a repeated batch is left.</param>
public readonly record struct ProduceResult(int Partition, Offset Offset);
