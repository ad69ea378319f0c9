using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Storage;

namespace RaftLog.Broker.Quorum;

/// <summary>
/// Reads the metadata log for whoever acts on it: this node, or a replica that fetches. A disk may corrupt what recovery found intact, or
/// what a clean stop left unread; such bytes are neither believed nor passed on. They stop the node instead, so that a voter with the right
/// ones leads.
/// </summary>
internal sealed class MetadataReader(PartitionLog log)
{
    /// <summary>
    /// Reads the batch that holds an offset, and those after it. The result is the number of bytes; 0 only where the log has none below the
    /// limit.
    /// </summary>
    /// <param name="from">The offset.</param>
    /// <param name="limit">Only batches that end at or before it.</param>
    /// <param name="maxBytes">The most bytes, but for the first batch.</param>
    /// <param name="buffer">Takes the batches; replaced where it is too small.</param>
    /// <exception cref="DiskException">The disk has corrupt them: a checksum is wrong, or a batch is not where it was written.</exception>
    public int Read(Offset from, Offset limit, int maxBytes, ref byte[] buffer)
    {
        if (from >= Offset.Min(limit, log.EndOffset))
        {
            return 0;
        }

        ReadResult found = log.Read(from, maxBytes, limit, atLeastOneBatch: true);
        if (found.Error == ErrorCode.CorruptMessage)
        {
            throw Corrupt(from);
        }

        Invariant.Holds(
            found.Error == ErrorCode.None,
            "B-03",
            $"the metadata log has no offset {from}, which lies below its end {log.EndOffset}"
        );
        using LogSlice slice = found.Slice;
        if (slice.Length > buffer.Length)
        {
            buffer = new byte[slice.Length];
        }

        int length = slice.Read(buffer);
        Offset next = from;
        foreach (RecordBatch batch in new RecordBatches(buffer.AsSpan(0, length)))
        {
            if (batch.BaseOffset > next || batch.NextOffset <= next || !batch.HasValidChecksum)
            {
                throw Corrupt(next);
            }

            next = batch.NextOffset;
        }

        return next > from ? length : throw Corrupt(from);
    }

    private DiskException Corrupt(Offset offset) =>
        new(
            log.Path,
            DiskErrorKind.Io,
            "read",
            $"the batch with offset {offset} is not what was written, so the disk has corrupt it; \"A corrupt log\" in "
                + $"docs/operations.md says what to do"
        );
}
