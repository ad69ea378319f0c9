using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// Walks the batches of a segment or metadata snapshot of a stopped node, of any format, and changes nothing. It stops at the first bytes
/// that are no batch. One thread at a time.
/// </summary>
public sealed class SegmentReader : IDisposable
{
    private readonly IDiskFile _file;
    private readonly BatchScanner _scan;
    private readonly long _length;

    private SegmentReader(IDiskFile file)
    {
        _file = file;
        _length = file.Length;
        _scan = new BatchScanner(file, 0, _length);
    }

    /// <summary>The current batch's first byte.</summary>
    public long Position => _scan.Position;

    /// <summary>The first byte after the batches so far.</summary>
    public long Next => _scan.Next;

    /// <summary>The bytes of the file.</summary>
    public long Length => _length;

    /// <summary>The current batch's bytes; they stay as they are until the next move.</summary>
    public ReadOnlyMemory<byte> Batch => _scan.Memory();

    /// <summary>The current batch is an entry of format 0 or 1.</summary>
    public bool IsLegacy => _scan.Header.IsLegacy;

    /// <summary>The current batch matches its checksum.</summary>
    public bool IsIntact => BatchHeader.IsIntact(_scan.Bytes());

    /// <summary>The records of the current batch, which is not of format 0 or 1.</summary>
    internal int RecordCount => RecordBatch.Read(_scan.Bytes(), out RecordBatch batch) == BatchStatus.Complete ? batch.RecordCount : 0;

    /// <summary>What stands behind the last batch; null where the file ends there. To be read after the last move.</summary>
    public string? Fault =>
        _scan.ReachedEnd ? null
        : IsZero()
            ? $"{_length - _scan.Next} bytes of zeros follow the last batch: space that was taken in advance, or a write that a crash "
                + $"has lost"
        : $"{_length - _scan.Next} bytes follow that are no whole batch";

    /// <summary>The current batch's header.</summary>
    internal BatchHeader Header => _scan.Header;

    /// <summary>Opens a file; null where it is absent.</summary>
    /// <exception cref="DiskException">The disk failed.</exception>
    public static SegmentReader? Open(IDisk disk, string path) => disk.OpenExisting(path) is { } file ? new SegmentReader(file) : null;

    /// <summary>Moves to the next batch; false behind the last.</summary>
    public bool MoveNext() => _scan.MoveNext();

    /// <inheritdoc />
    public void Dispose()
    {
        _scan.Dispose();
        _file.Dispose();
    }

    private bool IsZero()
    {
        byte[] piece = new byte[4096];
        for (long at = _scan.Next; at < _length; at += piece.Length)
        {
            if (piece.AsSpan(0, _file.Read(at, piece)).ContainsAnyExcept((byte)0))
            {
                return false;
            }
        }

        return true;
    }
}
