using RaftLog.Platform;

namespace RaftLog.Storage;

/// <summary>
/// A file of entries of one size, which only grows or is truncated. While its segment is written to, all entries are in memory and reach
/// the file in pieces; once sealed they are read from the file. The file appears with the first entry that is written, so a small log has
/// none, or when it is asked for. One writer; readers need no lock: entries below <see cref="Count"/> do not change, unless the log is
/// truncated, and then a reader checks what it found against the log's own bytes.
/// </summary>
internal sealed class IndexFile : IDisposable
{
    private const int FirstBytes = 256;
    private const int PieceBytes = 4096;

    private readonly IDisk _disk;
    private readonly Func<string> _path;
    private readonly int _entrySize;

    /// <summary>Written before <see cref="_entries"/> goes, so that a reader without a lock finds one of them.</summary>
    private IDiskFile? _file;
    private volatile byte[]? _entries;
    private volatile int _count;
    private int _writtenCount;
    private bool _isSealed = true;

    public IndexFile(IDisk disk, Func<string> path, int entrySize)
    {
        _disk = disk;
        _path = path;
        _entrySize = entrySize;
        _file = disk.OpenExisting(path());
        _count = _writtenCount = _file is null ? 0 : (int)(_file.Length / entrySize);
    }

    /// <summary>The file; null while there is none.</summary>
    public IDiskFile? File => _file;

    public int Count => _count;

    /// <summary>True when the file's length is a whole number of entries.</summary>
    public bool HasWholeEntries => _file is null || _file.Length % _entrySize == 0;

    /// <summary>Copies one entry; index is below <see cref="Count"/>.</summary>
    public void Read(int index, Span<byte> target)
    {
        byte[]? entries = _entries;
        if (entries is not null)
        {
            entries.AsSpan(index * _entrySize, _entrySize).CopyTo(target);
            return;
        }

        target[.._entrySize].Clear();
        _file?.Read((long)index * _entrySize, target[.._entrySize]);
    }

    /// <summary>Reads all entries into memory, to be appended to.</summary>
    public void Unseal()
    {
        _isSealed = false;
        if (_entries is not null || _count == 0)
        {
            return;
        }

        byte[] entries = new byte[Math.Max(FirstBytes, _count * _entrySize * 2)];
        _file?.Read(0, entries.AsSpan(0, _count * _entrySize));
        _entries = entries;
    }

    public void Append(ReadOnlySpan<byte> entry)
    {
        if (_isSealed)
        {
            throw new InvalidOperationException("a sealed index is appended to");
        }

        byte[] entries = _entries ??= new byte[FirstBytes];
        int end = _count * _entrySize;
        if (end + _entrySize > entries.Length)
        {
            byte[] larger = new byte[entries.Length * 2];
            entries.AsSpan(0, end).CopyTo(larger);
            _entries = entries = larger;
        }

        entry.CopyTo(entries.AsSpan(end));
        _count++;
        if ((_count - _writtenCount) * _entrySize >= PieceBytes)
        {
            WritePiece();
        }
    }

    /// <summary>Keeps the first entries only.</summary>
    public void Truncate(int count)
    {
        _count = count;
        if (_writtenCount > count || !HasWholeEntries)
        {
            _writtenCount = Math.Min(_writtenCount, count);
            _file?.SetLength((long)_writtenCount * _entrySize);
        }
    }

    /// <summary>Makes the file where there is none, be it without an entry.</summary>
    public void MakeFile() => _file ??= _disk.OpenOrCreate(_path());

    /// <summary>Writes what is only in memory yet.</summary>
    public void Write()
    {
        if (_entries is { } entries && _writtenCount < _count)
        {
            int from = _writtenCount * _entrySize;
            MakeFile();
            _file!.Write(from, entries.AsSpan(from, (_count * _entrySize) - from));
            _writtenCount = _count;
        }
    }

    /// <summary>Writes everything and lets go of the memory: nothing is appended until <see cref="Unseal"/>.</summary>
    public void Seal()
    {
        Write();
        _isSealed = true;
        _entries = null;
    }

    public void Dispose() => _file?.Dispose();

    private void WritePiece()
    {
        try
        {
            Write();
        }
        catch (DiskException failure) when (failure.Kind == DiskErrorKind.NoDescriptors)
        {
            // The batches are in the log already. The entries stay in memory, and the next one tries again.
        }
    }
}
