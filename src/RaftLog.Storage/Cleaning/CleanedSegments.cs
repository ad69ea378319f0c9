using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// What stays of some segments: one segment, or several where it outgrows <c>segment.bytes</c>, as entries of formats 0 and 1 do when they
/// are converted. What was not put in place is removed by <see cref="Dispose"/>.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="first">The first of the segments that are cleaned.</param>
/// <param name="settings">How the log is divided into segments.</param>
internal sealed class CleanedSegments(PartitionLog log, LogSegment first, LogSettings settings) : IDisposable
{
    private readonly List<LogSegment> _segments = [log.BeginCleaned(first.BaseOffset, first.CreatedMs)];
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
            if (_segments[^1].Size > 0 && !_segments[^1].HasRoomFor(header, 0, settings))
            {
                _segments.Add(log.BeginCleaned(header.BaseOffset, first.CreatedMs));
            }

            int run = RunLength(rest, header);
            _segments[^1].Write(rest[..run]);
            Publish(rest[..run]);
            rest = rest[run..];
        }

        batches.Clear();
    }

    /// <inheritdoc cref="SegmentReplacement" />
    public async ValueTask<bool> ReplaceAsync(LogSegment[] replaced, Func<Func<bool>, bool> locked) =>
        _isInPlace = await log.ReplaceAsync(replaced, [.. _segments], locked);

    public void Dispose()
    {
        if (!_isInPlace)
        {
            _segments.ForEach(log.Abandon);
        }
    }

    private int RunLength(ReadOnlySpan<byte> batches, in BatchHeader head)
    {
        int run = head.TotalBytes;
        while (BatchHeader.TryRead(batches[run..], out BatchHeader next) && _segments[^1].HasRoomFor(next, run, settings))
        {
            run += next.TotalBytes;
        }

        return run;
    }

    private void Publish(ReadOnlySpan<byte> run)
    {
        while (BatchHeader.TryRead(run, out BatchHeader header))
        {
            _segments[^1].Publish(header, settings.IndexIntervalBytes);
            while (Aborted.TryPeek(out AbortedTransaction aborted) && aborted.LastOffset <= header.LastOffset)
            {
                _segments[^1].Transactions.Append(Aborted.Dequeue());
            }

            run = run[header.TotalBytes..];
        }
    }
}
