using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Coordination;

/// <summary>Where a replayed record lies and who wrote it.</summary>
/// <param name="Offset">Its offset in the partition of the internal topic.</param>
/// <param name="Producer">The producer whose open transaction the record belongs to, which takes effect with that transaction's marker;
/// <see cref="ProducerStamp.None"/> for a record that takes effect at once.</param>
public readonly record struct RecordOrigin(Offset Offset, ProducerStamp Producer)
{
    /// <summary>True while the record waits for the marker of its transaction.</summary>
    public bool IsTransactional => Producer.Id != ProducerId.None;
}
