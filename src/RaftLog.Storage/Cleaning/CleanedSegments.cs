using RaftLog.Platform;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// What stays of some segments: one segment, or several where it outgrows <c>segment.bytes</c>, as entries of formats 0 and 1 do when they
/// are converted. What was not put in place is removed by <see cref="DisposeAsync"/>.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="first">The first of the segments that are cleaned.</param>
/// <param name="plan">The round.</param>
internal sealed class CleanedSegments(PartitionLog log, LogSegment first, CleaningPlan plan) : IAsyncDisposable
{
    /// <summary>So much is written between two flushes ahead.</summary>
    private const int AheadBytes = 16 << 20;

    private readonly List<LogSegment> _segments = [log.BeginCleaned(first.BaseOffset, first.CreatedMs)];
    private long _aheadBytes;
    private Task _ahead = Task.CompletedTask;
    private bool _isInPlace;

    /// <summary>Aborted transactions whose markers are about to be written, in their order.</summary>
    public Queue<AbortedTransaction> Aborted { get; } = new();

    /// <summary>All bytes.</summary>
    public long Bytes => _segments.Sum(static segment => segment.Size);

    /// <summary>Writes whole batches behind what is there, and empties the buffer.</summary>
    public void Write(PooledByteWriter batches)
    {
        ReadOnlySpan<byte> rest = batches.Written;
        while (BatchHeader.TryRead(rest, out BatchHeader header))
        {
            if (_segments[^1].Size > 0 && !_segments[^1].HasRoomFor(header, 0, plan.Log))
            {
                _segments.Add(log.BeginCleaned(header.BaseOffset, first.CreatedMs));
            }

            int run = RunLength(rest, header);
            _segments[^1].Write(rest[..run]);
            _aheadBytes += run;
            Publish(rest[..run]);
            rest = rest[run..];
        }

        batches.Clear();
    }

    /// <summary>
    /// Begins to flush what was written, where it is much, so that the disk writes while the next is read and little is left for the flush
    /// that counts; waits for the one before.
    /// </summary>
    /// <exception cref="DiskException">The disk has failed that.</exception>
    public async ValueTask FlushAheadAsync()
    {
        if (_aheadBytes >= AheadBytes)
        {
            _aheadBytes = 0;
            await _ahead;
            _ahead = log.FlushAheadAsync(_segments[^1]).AsTask();
        }
    }

    /// <inheritdoc cref="SegmentReplacement" />
    public async ValueTask<bool> ReplaceAsync(LogSegment[] replaced, Func<Func<bool>, bool> locked)
    {
        await _ahead;
        return _isInPlace = await log.ReplaceAsync(replaced, [.. _segments], plan.Generation, locked);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            // The files are not closed under a flush.
            await _ahead;
        }
        catch (DiskException)
        {
            // How it ends does not matter any more: nothing of it was put in place.
        }

        if (!_isInPlace)
        {
            _segments.ForEach(log.Abandon);
        }
    }

    private int RunLength(ReadOnlySpan<byte> batches, in BatchHeader head)
    {
        int run = head.TotalBytes;
        while (BatchHeader.TryRead(batches[run..], out BatchHeader next) && _segments[^1].HasRoomFor(next, run, plan.Log))
        {
            run += next.TotalBytes;
        }

        return run;
    }

    private void Publish(ReadOnlySpan<byte> run)
    {
        while (BatchHeader.TryRead(run, out BatchHeader header))
        {
            _segments[^1].Publish(header, plan.Log.IndexIntervalBytes);
            while (Aborted.TryPeek(out AbortedTransaction aborted) && aborted.LastOffset <= header.LastOffset)
            {
                _segments[^1].Transactions.Append(Aborted.Dequeue());
            }

            run = run[header.TotalBytes..];
        }
    }
}
