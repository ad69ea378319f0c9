using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// What compaction keeps of each batch (KIP-58, KIP-98, KIP-534): of each key the last record, tombstones and the ends of empty
/// transactions until their delete horizon has passed, no record of an aborted transaction, and an empty batch where its producer's
/// sequence or the end of the round would be forgotten. Batches come in the order of their offsets; what stays is written to a buffer.
/// </summary>
internal sealed class BatchFilter(CleaningPlan plan, OffsetMap map, CleanedTransactions transactions) : IDisposable
{
    /// <summary>The most bytes that one stored batch may decompress to.</summary>
    public const int MostPlainBytes = 256 * 1024 * 1024;

    private readonly BatchRewriter _rewriter = new(MostPlainBytes);

    /// <summary>Records that were looked at.</summary>
    public long RecordsRead { get; private set; }

    /// <summary>Records that stay.</summary>
    public long RecordsKept { get; private set; }

    /// <summary>Writes what stays of a batch; false when nothing does.</summary>
    /// <param name="batch">The batch, whose checksum is right.</param>
    /// <param name="target">Takes a whole batch.</param>
    /// <param name="markers">Takes an aborted transaction whose marker stays.</param>
    public bool Filter(RecordBatch batch, PooledByteWriter target, Queue<AbortedTransaction> markers)
    {
        bool isEmptyEnd = false;
        bool discards;
        if (batch.Attributes.IsControl)
        {
            isEmptyEnd = transactions.IsEmptyEnd(batch, out AbortedTransaction? kept);
            discards = isEmptyEnd && HorizonHasPassed(batch);
            if (kept is { } aborted)
            {
                markers.Enqueue(aborted);
            }
        }
        else
        {
            discards = transactions.IsAborted(batch);
#if SEEDED_BUGS
            discards |= SeededBug.Is(26) && HorizonHasPassed(batch);
#endif
        }

        bool keepsEmpty = plan.IsLastOfProducer(batch) || batch.NextOffset == plan.Range.FirstUncleanable;
        RecordsRead += batch.RecordCount;
        if (!discards && batch.RecordCount > 0 && KeepRecords(batch, isEmptyEnd, target))
        {
            return true;
        }

        if (keepsEmpty)
        {
            BatchRewriter.WriteEmpty(batch, target);
        }

        return keepsEmpty;
    }

    public void Dispose() => _rewriter.Dispose();

    private bool KeepRecords(RecordBatch batch, bool isEmptyEnd, PooledByteWriter target)
    {
        // What needs a horizon is known only when all records were seen: two passes, the first without copying.
        using RecordSection section = RecordSection.Open(batch, MostPlainBytes);
        bool horizonHasPassed = HorizonHasPassed(batch);
        int kept = 0;
        bool hasTombstone = false;
        int position = 0;
        for (int i = 0; i < batch.RecordCount; i++)
        {
            RecordLayout record = ReadRecord(batch, section.Bytes, ref position);
            if (Stays(batch, section.Bytes, record, horizonHasPassed))
            {
                kept++;
                hasTombstone |= record.ValueLength < 0;
            }
        }

        RecordsKept += kept;
        if (kept == 0)
        {
            return false;
        }

        bool getsHorizon = (hasTombstone || isEmptyEnd) && !batch.Attributes.HasDeleteHorizon;
        if (kept == batch.RecordCount && !getsHorizon)
        {
            target.Write(batch.Bytes);
            return true;
        }

        long? horizon =
            getsHorizon ? plan.NowMs + plan.Settings.DeleteRetentionMs
            : batch.Attributes.HasDeleteHorizon ? batch.BaseTimestamp
            : null;
        _rewriter.Reset();
        position = 0;
        for (int i = 0; i < batch.RecordCount; i++)
        {
            RecordLayout record = ReadRecord(batch, section.Bytes, ref position);
            if (Stays(batch, section.Bytes, record, horizonHasPassed))
            {
                _rewriter.Keep(batch, section.Bytes, record, horizon);
            }
        }

        _rewriter.Write(batch, horizon is not null, target);
        return true;
    }

    private bool Stays(RecordBatch batch, ReadOnlySpan<byte> section, in RecordLayout record, bool horizonHasPassed)
    {
        Offset offset = batch.BaseOffset + record.OffsetDelta;
        if (batch.Attributes.IsControl || offset > map.Latest)
        {
            return true;
        }

        if (record.KeyLength < 0)
        {
            return false;
        }

#if SEEDED_BUGS
        horizonHasPassed |= SeededBug.Is(52);
#endif
        bool isLast = offset >= map.Find(section.Slice(record.KeyStart, record.KeyLength));
        return isLast && (record.ValueLength >= 0 || !horizonHasPassed);
    }

    private bool HorizonHasPassed(RecordBatch batch) => batch.Attributes.HasDeleteHorizon && batch.BaseTimestamp <= plan.NowMs;

    private static RecordLayout ReadRecord(RecordBatch batch, ReadOnlySpan<byte> section, ref int position)
    {
        RecordFault fault = RecordLayout.Read(section, position, out RecordLayout record);
        if (fault != RecordFault.None)
        {
            throw new UncleanableException($"the batch at offset {batch.BaseOffset} has a damaged record ({fault})");
        }

        position = record.End;
        return record;
    }
}
