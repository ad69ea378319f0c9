using System.Diagnostics.CodeAnalysis;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// What was fetched ahead of the reader, within a bound in bytes, and which partition's turn it is: the reader takes one fetch of each
/// partition in turn. No partition holds more than its share of the bound. Guarded by the lock of its <see cref="Assignment"/>.
/// </summary>
internal sealed class ReadAhead(long maxBytes)
{
    private readonly Queue<ReadPosition> _line = new();
    private long _bytes;

    /// <summary>True while nothing more may be fetched.</summary>
    public bool IsFull => _bytes >= maxBytes;

    /// <summary>
    /// True while a partition holds all that it may: its part of the whole, so that one whose reader is slow leaves room for the others.
    /// </summary>
    public bool HoldsItsShare(ReadPosition position, int partitions) =>
        position.BufferedBytes > 0 && position.BufferedBytes >= Math.Max(1, maxBytes / Math.Max(1, partitions));

    /// <summary>Keeps a fetch for the reader.</summary>
    public void Keep(ReadPosition position, FetchedRecords records)
    {
        position.Buffered.Enqueue(records);
        records.IsCounted = true;
        records.Position = position;
        position.BufferedBytes += records.Bytes;
        _bytes += records.Bytes;
        GetInLine(position);
    }

    /// <summary>Puts a partition that has records for the reader at the end of the line, unless it stands there.</summary>
    public void GetInLine(ReadPosition position)
    {
        if (!position.IsInLine && !position.IsPaused && position.Buffered.Count > 0)
        {
            position.IsInLine = true;
            _line.Enqueue(position);
        }
    }

    /// <summary>
    /// Takes the next fetch of the partition whose turn it is, passing over those that their reader has no room for. Its bytes count until
    /// <see cref="Return"/>.
    /// </summary>
    public bool TryTake(
        Func<TopicPartition, bool> hasRoom,
        [NotNullWhen(true)] out ReadPosition? position,
        [NotNullWhen(true)] out FetchedRecords? records
    )
    {
        records = null;
        position = null;
        for (int left = _line.Count; left > 0 && _line.TryDequeue(out position); left--)
        {
            if (!hasRoom(position.Partition))
            {
                _line.Enqueue(position);
                continue;
            }

            position.IsInLine = false;
            if (position.IsCurrent && !position.IsPaused && position.Buffered.TryDequeue(out records))
            {
                position.BufferedBytes -= records.Bytes;
                GetInLine(position);
                return true;
            }
        }

        return false;
    }

    /// <summary>The reader has given records back.</summary>
    /// <returns>True when more may be fetched now than before.</returns>
    public bool Return(long bytes)
    {
        bool wasFull = IsFull;
        _bytes -= bytes;
        return wasFull && !IsFull;
    }
}
