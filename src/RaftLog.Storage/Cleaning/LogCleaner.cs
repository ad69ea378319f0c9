using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Storage;

/// <summary>
/// Cleans one log at a time (KIP-58): notes the last offset of each key of the dirty part, writes the segments from the log's start on anew
/// without what the filter leaves out, and puts each new segment in the place of old ones. It works without the partition's lock, which it
/// takes for the moment of the replacement. One round at a time; a node has as many cleaners as rounds that may run at once.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="secret">16 bytes that nobody can guess, for the hashes of keys.</param>
public sealed class LogCleaner(TimeProvider time, ReadOnlySpan<byte> secret)
{
    /// <summary>What is read or written between two looks at the throttle.</summary>
    private const int PieceBytes = 256 * 1024;

    /// <summary>A batch can be larger than a piece.</summary>
    private const int MostPieceBytes = int.MaxValue;

    private readonly KeyHash _hash = new(BitConverter.ToUInt64(secret), BitConverter.ToUInt64(secret[8..]));
    private readonly CleanerThrottle _throttle = new(time);

    /// <summary>Runs a round; null when nothing of the log may be cleaned, or it changed so that the round was given up.</summary>
    /// <param name="log">The log.</param>
    /// <param name="settings">The topic's settings.</param>
    /// <param name="options">What may be used.</param>
    /// <param name="locked">Runs a change under the partition's lock; false when the partition is closed, or the change says so.</param>
    /// <param name="nowMs">Wall-clock milliseconds since 1970.</param>
    /// <param name="stop">Gives the round up.</param>
    /// <exception cref="UncleanableException">The log holds what cannot be cleaned.</exception>
    /// <exception cref="DiskException">The disk failed; the directory is offline.</exception>
    /// <exception cref="OperationCanceledException">The round was given up.</exception>
    public async Task<CleaningResult?> CleanAsync(
        PartitionLog log,
        CleaningSettings settings,
        CleanerOptions options,
        Func<Func<bool>, bool> locked,
        long nowMs,
        CancellationToken stop
    )
    {
        CleaningPlan? plan = null;
        locked(() =>
        {
            plan = log.PlanCleaning(settings, nowMs);
            return true;
        });
        if (plan is null)
        {
            return null;
        }

        try
        {
            return await CleanAsync(log, plan, options, locked, stop);
        }
        catch (Exception damaged) when (damaged is ProtocolException or UncleanableException && log.Generation != plan.Generation)
        {
            // Truncated while it was read: what looks like damage is the end of the file, or what was written there since.
            return null;
        }
        catch (ProtocolException damaged)
        {
            throw new UncleanableException(damaged.Message);
        }
        catch (DiskException rejected) when (rejected.Kind == DiskErrorKind.NoDescriptors && !log.IsDeleted)
        {
            log.PutOff(rejected);
            return null;
        }
        catch (DiskException failure) when (!log.IsDeleted)
        {
            log.Failed(failure);
            throw;
        }
        catch (DiskException)
        {
            // The log was deleted meanwhile, and its directory has another name.
            return null;
        }
    }

    private async Task<CleaningResult?> CleanAsync(
        PartitionLog log,
        CleaningPlan plan,
        CleanerOptions options,
        Func<Func<bool>, bool> locked,
        CancellationToken stop
    )
    {
        OffsetMap map = new(options.BufferBytes, options.LoadFactor, _hash, plan.ExpectedKeys);
        await BuildMapAsync(log, plan, map, options, stop);
        Offset end = Offset.Max(map.Latest + 1, plan.Range.FirstDirty);
        if (!await log.SettleAsync(end))
        {
            return null;
        }

        CleanedTransactions transactions = new();
        using BatchFilter filter = new(plan, map, transactions);
        long before = 0;
        long after = 0;
        foreach (LogSegment[] group in plan.Groups(end))
        {
            await using CleanedSegments cleaned = new(log, group[0], plan);
            foreach (LogSegment segment in group)
            {
                transactions.Expect(log.AbortedTransactions(segment.BaseOffset, segment.NextOffset));
                before += segment.Size;
                await RewriteAsync(segment, cleaned, filter, options, stop);
            }

            after += cleaned.Bytes;
            if (!await cleaned.ReplaceAsync(group, locked))
            {
                return null;
            }
        }

        bool isClean = locked(() =>
        {
            if (log.Generation != plan.Generation)
            {
                return false;
            }

            log.CleanedTo = end;
            return true;
        });
        return isClean ? new CleaningResult(plan.Range.FirstDirty, end, before, after, filter.RecordsRead, filter.RecordsKept) : null;
    }

    private async Task BuildMapAsync(PartitionLog log, CleaningPlan plan, OffsetMap map, CleanerOptions options, CancellationToken stop)
    {
        CleanedTransactions transactions = new();
        bool isFull = false;
        foreach (LogSegment segment in plan.Segments)
        {
            if (isFull || segment.NextOffset <= plan.Range.FirstDirty || !segment.TryAcquire())
            {
                continue;
            }

            try
            {
                transactions.Expect(log.AbortedTransactions(segment.BaseOffset, segment.NextOffset));
                using BatchScanner scan = new(segment.Log, 0, segment.Size, readsAll: true);
                while (!isFull && !scan.ReachedEnd)
                {
                    long started = time.GetTimestamp();
                    long position = scan.Next;
                    isFull = !MapPiece(segment, scan, plan.Range.FirstDirty, map, transactions);
                    await _throttle.WaitAsync(scan.Next - position, time.GetElapsedTime(started), options.BytesPerSecond, stop);
                    stop.ThrowIfCancellationRequested();
                }
            }
            finally
            {
                segment.Release();
            }
        }

        if (isFull && map.Latest < plan.Range.FirstDirty)
        {
            throw new UncleanableException(
                $"one batch after offset {plan.Range.FirstDirty} has more keys than the {map.Capacity} that fit into "
                    + $"log.cleaner.dedupe.buffer.size={options.BufferBytes}; raise it"
            );
        }
    }

    /// <summary>Puts the keys of some batches into the map; false when it is full.</summary>
    private static bool MapPiece(LogSegment segment, BatchScanner scan, Offset from, OffsetMap map, CleanedTransactions transactions)
    {
        long limit = scan.Next + PieceBytes;
        using PooledByteWriter converted = new(MostPieceBytes);
        while (scan.Next < limit && TryMove(segment, scan, converted, out RecordBatch batch))
        {
            bool isData = !batch.Attributes.IsControl;
            if (!isData)
            {
                transactions.IsEmptyEnd(batch, out _);
            }

            if (isData && !transactions.IsAborted(batch) && batch.LastOffset >= from && !TryMap(batch, from, map))
            {
                return false;
            }

            map.Latest = batch.LastOffset;
        }

        return true;
    }

    private static bool TryMap(RecordBatch batch, Offset from, OffsetMap map)
    {
        using RecordSection section = RecordSection.Open(batch, BatchFilter.MostPlainBytes);
        Span<(ulong First, ulong Second)> keys = stackalloc (ulong, ulong)[OffsetMap.Run];
        Span<Offset> offsets = stackalloc Offset[OffsetMap.Run];
        int count = 0;
        foreach (Record record in section)
        {
            if (record.Key.IsNull || record.Offset < from)
            {
                continue;
            }

            keys[count] = map.HashOf(record.Key.Span);
            offsets[count++] = record.Offset;
            if (count == keys.Length)
            {
                if (!map.TryPut(keys, offsets))
                {
                    return false;
                }

                count = 0;
            }
        }

        return map.TryPut(keys[..count], offsets[..count]);
    }

    private async Task RewriteAsync(
        LogSegment segment,
        CleanedSegments cleaned,
        BatchFilter filter,
        CleanerOptions options,
        CancellationToken stop
    )
    {
        if (!segment.TryAcquire())
        {
            throw new OperationCanceledException("the segment was removed while the log was cleaned");
        }

        try
        {
            using PooledByteWriter output = new(MostPieceBytes);
            using BatchScanner scan = new(segment.Log, 0, segment.Size, readsAll: true);
            while (!scan.ReachedEnd)
            {
                long started = time.GetTimestamp();
                long position = scan.Next;
                RewritePiece(segment, scan, cleaned, filter, output);
                int written = output.Length;
                cleaned.Write(output);
                await cleaned.FlushAheadAsync();
                await _throttle.WaitAsync(scan.Next - position + written, time.GetElapsedTime(started), options.BytesPerSecond, stop);
                stop.ThrowIfCancellationRequested();
            }

            // The file is about to be replaced. What is written next takes its pages, which costs the system much less than pages that
            // nobody has used of late, and leaves what others have cached where it is.
            segment.Log.DropCache();
        }
        finally
        {
            segment.Release();
        }
    }

    private static void RewritePiece(
        LogSegment segment,
        BatchScanner scan,
        CleanedSegments cleaned,
        BatchFilter filter,
        PooledByteWriter output
    )
    {
        long limit = scan.Next + PieceBytes;
        using PooledByteWriter converted = new(MostPieceBytes);
        while (scan.Next < limit && TryMove(segment, scan, converted, out RecordBatch batch))
        {
            filter.Filter(batch, output, cleaned.Aborted);
        }
    }

    /// <summary>Goes to the next batch; false at the end of the segment. One of format 0 or 1 is shown as of format 2.</summary>
    private static bool TryMove(LogSegment segment, BatchScanner scan, PooledByteWriter converted, out RecordBatch batch)
    {
        batch = default;
        if (scan.ReachedEnd)
        {
            return false;
        }

        if (!scan.MoveNext() || !BatchHeader.IsIntact(scan.Bytes()))
        {
            throw new UncleanableException($"the batch at byte {scan.Position} of {segment.Log.Path} is damaged; the log is kept as it is");
        }

        ReadOnlySpan<byte> bytes = scan.Bytes();
        if (scan.Header.IsLegacy)
        {
            converted.Clear();
            LegacyConversion.Convert(bytes, BatchFilter.MostPlainBytes, converted);
            bytes = converted.Written;
        }

        RecordBatch.Read(bytes, out batch);
        return true;
    }
}
