using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// What compaction keeps of each batch (KIP-58, KIP-98, KIP-534): of each key the last record, tombstones and the ends of empty
/// transactions until their delete horizon has passed, no record of an aborted transaction, and an empty batch where its producer's
/// sequence or the end of the round would be forgotten. Batches come in the order of their offsets; what stays is written to a buffer.
/// </summary>
internal sealed partial class BatchFilter(CleaningPlan plan, OffsetMap map, CleanedTransactions transactions) : IDisposable
{
    /// <summary>The most bytes that one stored batch may decompress to.</summary>
    public const int MostPlainBytes = 256 * 1024 * 1024;

    private const int BitsInWord = 64;

    private readonly BatchRewriter _rewriter = new(MostPlainBytes);
    private readonly RecordLayout[] _run = new RecordLayout[OffsetMap.Run];
    private readonly (ulong First, ulong Second)[] _keys = new (ulong, ulong)[OffsetMap.Run];

    /// <summary>A bit for each record of the batch that is looked at: whether it stays.</summary>
    private ulong[] _stays = [];

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
            SeededBugDropsBatch(batch, ref discards);
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

    partial void SeededBugDropsBatch(RecordBatch batch, ref bool discards);

    public void Dispose() => _rewriter.Dispose();

    private bool KeepRecords(RecordBatch batch, bool isEmptyEnd, PooledByteWriter target)
    {
        // What needs a horizon is known only when all records were seen: two passes, the first without copying, the second without a
        // look into the map.
        using RecordSection section = RecordSection.Open(batch, MostPlainBytes);
        ClearBits(batch, section.Bytes.Length);
        bool horizonHasPassed = HorizonHasPassed(batch);
        int kept = 0;
        bool hasTombstone = false;
        int position = 0;
        for (int first = 0; first < batch.RecordCount; first += OffsetMap.Run)
        {
            int count = ReadRun(batch, section.Bytes, ref position, batch.RecordCount - first);
            for (int i = 0; i < count; i++)
            {
                if (Stays(batch, _run[i], _keys[i], horizonHasPassed))
                {
                    _stays[(first + i) / BitsInWord] |= 1UL << ((first + i) % BitsInWord);
                    kept++;
                    hasTombstone |= _run[i].ValueLength < 0;
                }
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
        _rewriter.Reset(target);
        position = 0;
        for (int i = 0; i < batch.RecordCount; i++)
        {
            RecordLayout record = ReadRecord(batch, section.Bytes, ref position);
            if ((_stays[i / BitsInWord] & (1UL << (i % BitsInWord))) != 0)
            {
                _rewriter.Keep(batch, section.Bytes, record, horizon);
            }
        }

        _rewriter.Write(batch, horizon is not null);
        return true;
    }

    private void ClearBits(RecordBatch batch, int sectionBytes)
    {
        if (batch.RecordCount > sectionBytes)
        {
            throw new UncleanableException($"the batch at offset {batch.BaseOffset} has fewer records than its header says");
        }

        int words = (batch.RecordCount + BitsInWord - 1) / BitsInWord;
        if (_stays.Length < words)
        {
            _stays = new ulong[words];
        }

        Array.Clear(_stays, 0, words);
    }

    /// <summary>Reads some records with their keys, and sees to it that the map has these at hand; how many.</summary>
    private int ReadRun(RecordBatch batch, ReadOnlySpan<byte> section, ref int position, int left)
    {
        int count = Math.Min(left, OffsetMap.Run);
        for (int i = 0; i < count; i++)
        {
            RecordLayout record = _run[i] = ReadRecord(batch, section, ref position);
            _keys[i] = map.HashOf(section.Slice(record.KeyStart, Math.Max(record.KeyLength, 0)));
        }

        _ = map.Approach(_keys.AsSpan(0, count));
        return count;
    }

    private bool Stays(RecordBatch batch, in RecordLayout record, (ulong First, ulong Second) key, bool horizonHasPassed)
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

        SeededBugDropsTombstones(ref horizonHasPassed);
        bool isLast = offset >= map.Find(key);
        return isLast && (record.ValueLength >= 0 || !horizonHasPassed);
    }

    static partial void SeededBugDropsTombstones(ref bool horizonHasPassed);

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
