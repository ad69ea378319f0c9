using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>
/// A batch as it stands in a disk image. Two are equal when their bytes are, but for chance: the checksum stands for the records.
/// </summary>
internal readonly record struct ImageBatch(
    Offset Base,
    Offset Last,
    LeaderEpoch Epoch,
    uint Checksum,
    ProducerId Producer,
    ProducerEpoch ProducerEpoch,
    int FirstSequence,
    int Records,
    BatchAttributes Attributes,
    long MaxTimestamp,
    ControlRecordType? Marker
)
{
    /// <summary>True for the marker that aborts a transaction.</summary>
    internal bool IsAbort => Marker == ControlRecordType.Abort;

    /// <summary>True for the marker that commits one.</summary>
    internal bool IsCommit => Marker == ControlRecordType.Commit;

    internal static ImageBatch Of(in RecordBatch batch) =>
        new(
            batch.BaseOffset,
            batch.LastOffset,
            batch.PartitionLeaderEpoch,
            batch.Checksum,
            batch.ProducerId,
            batch.ProducerEpoch,
            batch.BaseSequence,
            batch.RecordCount,
            batch.Attributes,
            batch.MaxTimestamp,
            MarkerOf(batch)
        );

    public override string ToString() => $"{Base}..{Last} of epoch {Epoch} ({Checksum:x8})";

    private static ControlRecordType? MarkerOf(in RecordBatch batch)
    {
        if (!batch.Attributes.IsControl || !batch.ProducerId.IsPresent)
        {
            return null;
        }

        RecordReader records = new(batch, batch.Section);
        return records.MoveNext() && ControlRecordKey.TryRead(records.Current.Key, out ControlRecordKey key) ? key.Type : null;
    }
}
