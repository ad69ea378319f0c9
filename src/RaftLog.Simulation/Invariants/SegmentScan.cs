using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>The sound batches at the start of a segment's bytes. Looks at what has changed since the last time only.</summary>
/// <param name="bytes">The bytes.</param>
/// <param name="keepsRecords">Whether the records are looked at, too.</param>
internal sealed class SegmentScan(SimBytes bytes, bool keepsRecords)
{
    private readonly ChangeMark _changes = bytes.Watch();
    private readonly List<ImageBatch> _batches = [];
    private readonly List<int> _ends = [];
    private readonly List<ImageRecord[]> _records = [];
    private long _version = -1;

    /// <summary>The batches, in the order of the file, without a gap between their bytes.</summary>
    internal IReadOnlyList<ImageBatch> Batches => _batches;

    /// <summary>True when nothing but sound batches stands there.</summary>
    internal bool IsWhole => (_ends.Count == 0 ? 0 : _ends[^1]) == bytes.Length;

    /// <summary>True when they are part of the log: what stands before them ends where they begin.</summary>
    internal bool IsInLog { get; set; }

    /// <summary>The offset that the file's name tells.</summary>
    internal Offset Base { get; set; }

    /// <summary>The records of a batch; empty where they are not looked at.</summary>
    internal ReadOnlySpan<ImageRecord> RecordsOf(int batch) => keepsRecords ? _records[batch] : [];

    /// <summary>Brings it up to date; false when nothing has changed.</summary>
    /// <param name="gone">Takes the batches that are no longer there, or that may have changed.</param>
    /// <param name="come">Takes those that are new.</param>
    internal bool Refresh(List<ImageBatch> gone, List<ImageBatch> come)
    {
        if (bytes.Version == _version)
        {
            return false;
        }

        _version = bytes.Version;
        int lowest = _changes.Take();
        while (_ends.Count > 0 && _ends[^1] > lowest)
        {
            gone.Add(_batches[^1]);
            _batches.RemoveAt(_batches.Count - 1);
            _ends.RemoveAt(_ends.Count - 1);
            if (keepsRecords)
            {
                _records.RemoveAt(_records.Count - 1);
            }
        }

        int at = _ends.Count == 0 ? 0 : _ends[^1];
        while (
            RecordBatch.Read(bytes.Span[at..], out RecordBatch batch) == BatchStatus.Complete && batch.HasValidChecksum && Follows(batch)
        )
        {
            ImageBatch found = ImageBatch.Of(batch);
            at += batch.Size;
            _batches.Add(found);
            _ends.Add(at);
            come.Add(found);
            if (keepsRecords)
            {
                _records.Add(ImageRecord.Of(batch));
            }
        }

        return true;
    }

    // A sector that was lost may end within a batch's first bytes, its offset and epoch, which the checksum does not cover: they are zeros
    // then, and the rest is whole.
    private bool Follows(in RecordBatch batch) =>
        _batches.Count == 0 || (batch.BaseOffset > _batches[^1].Last && batch.PartitionLeaderEpoch >= _batches[^1].Epoch);
}
