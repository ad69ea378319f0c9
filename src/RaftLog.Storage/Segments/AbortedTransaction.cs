using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>One aborted transaction of one partition, as a fetch under read_committed must know it (KIP-98).</summary>
/// <param name="ProducerId">The producer.</param>
/// <param name="FirstOffset">The first record of the transaction in this partition.</param>
/// <param name="LastOffset">The offset of the abort marker.</param>
/// <param name="LastStableOffset">The last stable offset once this marker was written: later searches need not look at earlier
/// entries.</param>
public readonly record struct AbortedTransaction(ProducerId ProducerId, Offset FirstOffset, Offset LastOffset, Offset LastStableOffset);
