using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>A record found by its time.</summary>
/// <param name="Timestamp">Its timestamp in milliseconds.</param>
/// <param name="Offset">Its offset.</param>
/// <param name="Epoch">The epoch of the leader that appended it.</param>
public readonly record struct TimestampedOffset(long Timestamp, Offset Offset, LeaderEpoch Epoch);

/// <summary>Finds records by time: by the time index down to a few batches, then by looking into them.</summary>
internal readonly struct TimestampLookup(DecompressionBudget decompression)
{
    /// <summary>The most bytes that one stored batch may decompress to; larger ones are answered with their first offset.</summary>
    private const int MostPlainBytes = 256 * 1024 * 1024;

    /// <summary>The first record at or after a time and an offset; null when there is none.</summary>
    /// <exception cref="CorruptBatchException">It would be in a batch that is corrupt.</exception>
    public TimestampedOffset? FirstAtOrAfter(LogSegment[] segments, long timestamp, Offset from)
    {
        foreach (LogSegment segment in segments)
        {
            if (segment.MaxTimestamp < timestamp || segment.NextOffset <= from || !segment.TryAcquire())
            {
                continue;
            }

            try
            {
                if (FirstAtOrAfter(segment, timestamp, from) is { } found)
                {
                    return found;
                }
            }
            finally
            {
                segment.Release();
            }
        }

        return null;
    }

    /// <summary>The first record with the largest timestamp; null when there is none with one.</summary>
    /// <exception cref="CorruptBatchException">It is in a batch that is corrupt.</exception>
    public TimestampedOffset? Latest(LogSegment[] segments)
    {
        LogSegment? latest = null;
        foreach (LogSegment segment in segments)
        {
            if (latest is null || segment.MaxTimestamp > latest.MaxTimestamp)
            {
                latest = segment;
            }
        }

        if (latest is null || !latest.TryAcquire())
        {
            return null;
        }

        try
        {
            return Latest(latest);
        }
        finally
        {
            latest.Release();
        }
    }

    private TimestampedOffset? FirstAtOrAfter(LogSegment segment, long timestamp, Offset from)
    {
        Offset start = Offset.Max(segment.TimeFloor(timestamp), from);
        using var scan = new BatchScanner(segment.Log, segment.WalkStart(start), segment.Size);
        while (scan.MoveNext())
        {
            if (
                scan.Header.MaxTimestamp >= timestamp
                && scan.Header.LastOffset >= from
                && FirstInBatch(segment, scan, timestamp, from) is { } found
            )
            {
                return found;
            }
        }

        return scan.ReachedEnd ? null : throw new CorruptBatchException(segment.Log.Path, scan.Next);
    }

    private TimestampedOffset? Latest(LogSegment segment)
    {
        if (segment.MaxTimestamp < 0 || segment.Find(segment.MaxTimestampOffset, segment.Size) is not { } place)
        {
            return null;
        }

        using var scan = new BatchScanner(segment.Log, place.Position, place.Position + place.TotalBytes);
        return scan.MoveNext() ? FirstInBatch(segment, scan, scan.Header.MaxTimestamp, segment.BaseOffset) : null;
    }

    // A batch whose records cannot be read is not passed over: the record that is looked for may be in it.
    private TimestampedOffset? FirstInBatch(LogSegment segment, BatchScanner scan, long timestamp, Offset from)
    {
        ReadOnlyMemory<byte> bytes = scan.Memory();
        if (!BatchHeader.IsIntact(bytes.Span))
        {
            throw new CorruptBatchException(segment.Log.Path, scan.Position);
        }

        using PooledByteWriter converted = new(int.MaxValue);
        if (scan.Header.IsLegacy)
        {
            LegacyConversion.Convert(bytes.Span, MostPlainBytes, converted);
            bytes = converted.WrittenMemory;
        }

        RecordBatch.Read(bytes.Span, out RecordBatch batch);
        if (batch.Attributes.TimestampType == TimestampType.LogAppendTime)
        {
            return new TimestampedOffset(batch.MaxTimestamp, Offset.Max(batch.BaseOffset, from), batch.PartitionLeaderEpoch);
        }

        long window = PlainStream.WindowOf(batch.Attributes.Compression, batch.Section);
        using DecompressionBudget.Part part = decompression.TryTake(window) ?? throw new DecompressionBudgetException();
        return FirstRecord(bytes, Math.Max(window, DecompressionBudget.Small), timestamp, from);
    }

    private static TimestampedOffset? FirstRecord(ReadOnlyMemory<byte> bytes, long window, long timestamp, Offset from)
    {
        RecordBatch.Read(bytes.Span, out RecordBatch batch);
        var limits = new RecordStreamLimits(int.MaxValue, MostPlainBytes, window);
        using var records = new RecordStream(batch.Attributes.Compression, bytes[RecordBatch.HeaderSize..], limits);
        for (int i = 0; i < batch.RecordCount && records.Read(out StreamedRecord record) == RecordFault.None; i++)
        {
            Offset offset = batch.BaseOffset + record.OffsetDelta;
            long time = batch.BaseTimestamp + record.TimestampDelta;
            if (time >= timestamp && offset >= from)
            {
                return new TimestampedOffset(time, offset, batch.PartitionLeaderEpoch);
            }
        }

        return null;
    }
}
