using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>The sound batches at the start of a segment's bytes. Looks at what has changed since the last time only.</summary>
internal sealed class SegmentScan(SimBytes bytes)
{
    private readonly List<ImageBatch> _batches = [];
    private readonly List<int> _ends = [];
    private long _version = -1;

    /// <summary>The batches, in the order of the file, without a gap between their bytes.</summary>
    internal IReadOnlyList<ImageBatch> Batches => _batches;

    /// <summary>True when they are part of the log: what stands before them ends where they begin.</summary>
    internal bool IsInLog { get; set; }

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
        int lowest = bytes.TakeLowestChange();
        while (_ends.Count > 0 && _ends[^1] > lowest)
        {
            gone.Add(_batches[^1]);
            _batches.RemoveAt(_batches.Count - 1);
            _ends.RemoveAt(_ends.Count - 1);
        }

        int at = _ends.Count == 0 ? 0 : _ends[^1];
        while (RecordBatch.Read(bytes.Span[at..], out RecordBatch batch) == BatchStatus.Complete && batch.HasValidChecksum && Follows(batch))
        {
            ImageBatch found = new(
                batch.BaseOffset, batch.LastOffset, batch.PartitionLeaderEpoch, batch.Checksum, batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence, batch.RecordCount, batch.Attributes);
            at += batch.Size;
            _batches.Add(found);
            _ends.Add(at);
            come.Add(found);
        }

        return true;
    }

    // A sector that was lost may end within a batch's first bytes, its offset and epoch, which the checksum does not cover: they are zeros then, and the rest is whole.
    private bool Follows(in RecordBatch batch) =>
        _batches.Count == 0 || (batch.BaseOffset > _batches[^1].Last && batch.PartitionLeaderEpoch >= _batches[^1].Epoch);
}
