using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>One batch that a producer appended, as kept to recognise its retry.</summary>
/// <param name="LastSequence">The sequence of its last record.</param>
/// <param name="LastOffset">The offset of its last record.</param>
/// <param name="OffsetDelta">The number of its records less one.</param>
/// <param name="Timestamp">Its largest timestamp in milliseconds.</param>
public readonly record struct ProducedBatch(int LastSequence, Offset LastOffset, int OffsetDelta, long Timestamp)
{
    /// <summary>The offset of its first record.</summary>
    public Offset FirstOffset => LastOffset - OffsetDelta;

    /// <summary>The sequence of its first record; sequences wrap from 2^31-1 to 0.</summary>
    public int FirstSequence =>
        LastSequence >= OffsetDelta ? LastSequence - OffsetDelta : (int)(LastSequence - (long)OffsetDelta + int.MaxValue + 1L);
}
