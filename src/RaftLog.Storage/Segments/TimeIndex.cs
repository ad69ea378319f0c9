using System.Buffers.Binary;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// The largest timestamp so far, by offset: entries of (timestamp, offset - base offset) that grow in both. No record up to an entry's
/// offset is later than its timestamp. Kafka's <c>.timeindex</c> without its preallocated tail.
/// </summary>
internal sealed class TimeIndex(IDisk disk, Func<string> path, Offset baseOffset) : IDisposable
{
    public const int EntrySize = 12;

    private readonly IndexFile _entries = new(disk, path, EntrySize);

    public IndexFile Entries => _entries;

    /// <summary>The last entry; (-1, base offset) where there is none.</summary>
    public (long Timestamp, Offset Offset) Last => _entries.Count == 0 ? (-1, baseOffset) : At(_entries.Count - 1);

    /// <summary>Appends an entry if it is later than the last one.</summary>
    public void Append(long timestamp, Offset offset)
    {
        (long Timestamp, Offset Offset) last = Last;
        if (timestamp <= last.Timestamp || (_entries.Count > 0 && offset < last.Offset))
        {
            return;
        }

        Span<byte> entry = stackalloc byte[EntrySize];
        BinaryPrimitives.WriteInt64BigEndian(entry, timestamp);
        BinaryPrimitives.WriteInt32BigEndian(entry[8..], (int)(offset - baseOffset));
        _entries.Append(entry);
    }

    /// <summary>The last entry that is earlier than a time; (-1, base offset) where there is none.</summary>
    public (long Timestamp, Offset Offset) Floor(long timestamp)
    {
        int low = 0,
            high = _entries.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (At(middle).Timestamp < timestamp)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? (-1, baseOffset) : At(low - 1);
    }

    /// <summary>Drops the entries at and above an offset.</summary>
    public void TruncateTo(Offset offset)
    {
        int count = _entries.Count;
        while (count > 0 && At(count - 1).Offset >= offset)
        {
            count--;
        }

        _entries.Truncate(count);
    }

    /// <summary>True when the file can be what was written: whole entries that grow.</summary>
    public bool IsSane()
    {
        if (!_entries.HasWholeEntries)
        {
            return false;
        }

        (long Timestamp, Offset Offset) before = (-1, baseOffset);
        for (int i = 0; i < _entries.Count; i++)
        {
            (long Timestamp, Offset Offset) entry = At(i);
            if (entry.Timestamp <= before.Timestamp || entry.Offset < before.Offset)
            {
                return false;
            }

            before = entry;
        }

        return true;
    }

    /// <summary>As <see cref="IsSane"/>, but looks at the end only.</summary>
    public bool EndsSanely() =>
        _entries.HasWholeEntries
        && (_entries.Count < 2 || (Last.Timestamp > At(_entries.Count - 2).Timestamp && Last.Offset >= baseOffset));

    public void Dispose() => _entries.Dispose();

    private (long Timestamp, Offset Offset) At(int index)
    {
        Span<byte> entry = stackalloc byte[EntrySize];
        _entries.Read(index, entry);
        return (BinaryPrimitives.ReadInt64BigEndian(entry), baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry[8..]));
    }
}
