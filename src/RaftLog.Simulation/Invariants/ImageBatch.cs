using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>A batch as it stands in a disk image. Two are equal when their bytes are, but for chance: the checksum stands for the records.</summary>
internal readonly record struct ImageBatch(
    Offset Base, Offset Last, LeaderEpoch Epoch, uint Checksum, ProducerId Producer, ProducerEpoch ProducerEpoch, int FirstSequence, int Records, BatchAttributes Attributes)
{
    public override string ToString() => $"{Base}..{Last} of epoch {Epoch} ({Checksum:x8})";
}
