using System.Buffers.Binary;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Where batches lie in a segment's file: entries of (last offset of a batch - base offset, position of its first byte), one for
/// about every <c>index.interval.bytes</c>. Kafka's <c>.index</c> without its preallocated tail.
/// </summary>
internal sealed class OffsetIndex(IDisk disk, Func<string> path, Offset baseOffset) : IDisposable
{
    public const int EntrySize = 8;

    private readonly IndexFile _entries = new(disk, path, EntrySize);

    public IndexFile Entries => _entries;

    /// <summary>The last entry; the segment's start where there is none.</summary>
    public (Offset Offset, int Position) Last => _entries.Count == 0 ? (baseOffset, 0) : At(_entries.Count - 1);

    public void Append(Offset lastOffset, long position)
    {
        Span<byte> entry = stackalloc byte[EntrySize];
        BinaryPrimitives.WriteInt32BigEndian(entry, (int)(lastOffset - baseOffset));
        BinaryPrimitives.WriteInt32BigEndian(entry[4..], (int)position);
        _entries.Append(entry);
    }

    /// <summary>
    /// The entry from which to look for an offset: no batch that holds it, or a later offset, starts before; the segment's beginning where
    /// there is none.
    /// </summary>
    public (Offset Offset, int Position) Floor(Offset offset)
    {
        int below = CountBelow(offset + 1);
        return below == 0 ? (baseOffset, 0) : At(below - 1);
    }

    /// <summary>The last entry whose batch starts at or before a position; the segment's beginning where there is none.</summary>
    public (Offset Offset, int Position) FloorOfPosition(long position)
    {
        int low = 0,
            high = _entries.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (At(middle).Position <= position)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? (baseOffset, 0) : At(low - 1);
    }

    /// <summary>Drops the entries of batches that end at or above an offset.</summary>
    public void TruncateTo(Offset offset) => _entries.Truncate(CountBelow(offset));

    /// <summary>True when the file can be what was written for a log file of this length: whole entries, growing, and inside it.</summary>
    public bool IsSane(long logLength)
    {
        if (!_entries.HasWholeEntries)
        {
            return false;
        }

        (Offset Offset, int Position) before = (baseOffset - 1, -1);
        for (int i = 0; i < _entries.Count; i++)
        {
            (Offset Offset, int Position) entry = At(i);
            if (entry.Offset <= before.Offset || entry.Position <= before.Position || entry.Position >= logLength)
            {
                return false;
            }

            before = entry;
        }

        return true;
    }

    /// <summary>As <see cref="IsSane"/>, but looks at the last entry only: enough for a file that was flushed or closed in order.</summary>
    public bool EndsSanely(long logLength)
    {
        (Offset Offset, int Position) last = Last;
        return _entries.HasWholeEntries
            && (_entries.Count == 0 || (last.Offset >= baseOffset && last.Position > 0 && last.Position < logLength));
    }

    public void Dispose() => _entries.Dispose();

    private int CountBelow(Offset offset)
    {
        int low = 0,
            high = _entries.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (At(middle).Offset < offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private (Offset Offset, int Position) At(int index)
    {
        Span<byte> entry = stackalloc byte[EntrySize];
        _entries.Read(index, entry);
        return (baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry), BinaryPrimitives.ReadInt32BigEndian(entry[4..]));
    }
}
