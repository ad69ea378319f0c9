using RaftLog.Platform;

namespace RaftLog.Storage;

/// <summary>
/// A file of entries of one size, which only grows or is cut. While its segment is written to, all entries are in memory and reach the
/// file in pieces; once sealed they are read from the file. One writer; readers need no lock: entries below <see cref="Count"/> do
/// not change, unless the log is truncated, and then a reader checks what it found against the log's own bytes.
/// </summary>
internal sealed class IndexFile(IDiskFile file, int entrySize) : IDisposable
{
    private const int PieceBytes = 4096;

    private volatile byte[]? _entries;
    private volatile int _count = (int)(file.Length / entrySize);
    private int _writtenCount = (int)(file.Length / entrySize);

    public IDiskFile File { get; } = file;

    public int Count => _count;

    /// <summary>True when the file's length is a whole number of entries.</summary>
    public bool HasWholeEntries => File.Length % entrySize == 0;

    /// <summary>Copies one entry; index is below <see cref="Count"/>.</summary>
    public void Read(int index, Span<byte> target)
    {
        byte[]? entries = _entries;
        if (entries is not null)
        {
            entries.AsSpan(index * entrySize, entrySize).CopyTo(target);
            return;
        }

        target[..entrySize].Clear();
        File.Read((long)index * entrySize, target[..entrySize]);
    }

    /// <summary>Reads all entries into memory, to be appended to.</summary>
    public void Unseal()
    {
        if (_entries is not null)
        {
            return;
        }

        byte[] entries = new byte[Math.Max(PieceBytes, _count * entrySize * 2)];
        File.Read(0, entries.AsSpan(0, _count * entrySize));
        _entries = entries;
    }

    public void Append(ReadOnlySpan<byte> entry)
    {
        byte[] entries = _entries ?? throw new InvalidOperationException("a sealed index is appended to");
        int end = _count * entrySize;
        if (end + entrySize > entries.Length)
        {
            byte[] larger = new byte[entries.Length * 2];
            entries.AsSpan(0, end).CopyTo(larger);
            _entries = entries = larger;
        }

        entry.CopyTo(entries.AsSpan(end));
        _count++;
        if ((_count - _writtenCount) * entrySize >= PieceBytes)
        {
            Write();
        }
    }

    /// <summary>Keeps the first entries only.</summary>
    public void Truncate(int count)
    {
        _count = count;
        if (_writtenCount > count || !HasWholeEntries)
        {
            _writtenCount = Math.Min(_writtenCount, count);
            File.SetLength((long)_writtenCount * entrySize);
        }
    }

    /// <summary>Writes what is only in memory yet.</summary>
    public void Write()
    {
        if (_entries is { } entries && _writtenCount < _count)
        {
            int from = _writtenCount * entrySize;
            File.Write(from, entries.AsSpan(from, (_count * entrySize) - from));
            _writtenCount = _count;
        }
    }

    /// <summary>Writes everything and lets go of the memory: nothing is appended until <see cref="Unseal"/>.</summary>
    public void Seal()
    {
        Write();
        _entries = null;
    }

    public void Dispose() => File.Dispose();
}
