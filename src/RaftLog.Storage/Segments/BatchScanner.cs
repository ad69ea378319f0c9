using System.Buffers;
using RaftLog.Platform;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>Walks the batches of a segment's file from a position to an end, and stops at the first thing that is not a batch.</summary>
/// <param name="file">The file.</param>
/// <param name="start">Where the first batch begins.</param>
/// <param name="end">Where the last one ends.</param>
/// <param name="readsAll">True for who looks at the bytes of all batches, and not only at headers.</param>
internal sealed class BatchScanner(IDiskFile file, long start, long end, bool readsAll = false) : IDisposable
{
    private const int HeaderPiece = 64 * 1024;
    private const int WholePiece = 1024 * 1024;

    /// <summary>What is read stays in the processor's cache until it is looked at.</summary>
    private const int CachedPiece = 256 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(HeaderPiece);
    private long _bufferStart;
    private int _buffered;
    private long _next = start;

    /// <summary>The current batch's fields.</summary>
    public BatchHeader Header { get; private set; }

    /// <summary>The current batch's first byte.</summary>
    public long Position { get; private set; } = start;

    /// <summary>The first byte after the current batch; where the scan stopped, once it has.</summary>
    public long Next => _next;

    /// <summary>True once every byte up to the end belonged to a batch.</summary>
    public bool ReachedEnd => _next == end;

    /// <summary>Moves to the next batch; false at the end, or where the next bytes are not a whole plausible batch.</summary>
    public bool MoveNext()
    {
        int head = (int)Math.Min(end - _next, RecordBatch.HeaderSize);
        if (
            head < BatchHeader.SmallestBatch
            || !Fill(_next, head, readsAll ? CachedPiece : HeaderPiece)
            || !BatchHeader.TryRead(_buffer.AsSpan((int)(_next - _bufferStart), head), out BatchHeader header)
            || header.TotalBytes > end - _next
        )
        {
            return false;
        }

        Header = header;
        Position = _next;
        _next += header.TotalBytes;
        return true;
    }

    /// <summary>The current batch's bytes; empty when the file is shorter than it was. Valid until the next move.</summary>
    public ReadOnlySpan<byte> Bytes() => Memory().Span;

    /// <inheritdoc cref="Bytes" />
    public ReadOnlyMemory<byte> Memory()
    {
        int size = Header.TotalBytes;
        return Fill(Position, size, readsAll ? CachedPiece : WholePiece) ? _buffer.AsMemory((int)(Position - _bufferStart), size) : default;
    }

    /// <summary>Takes back the current batch: the scan ends before it.</summary>
    public void Reject() => _next = Position;

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private bool Fill(long position, int need, int piece)
    {
        if (position >= _bufferStart && position + need <= _bufferStart + _buffered)
        {
            return true;
        }

        int want = (int)Math.Min(Math.Max(need, piece), end - position);

        // The beginning of a batch that the last piece has cut is here already.
        int here = position >= _bufferStart ? (int)Math.Max(0, _bufferStart + _buffered - position) : 0;
        ReadOnlySpan<byte> kept = _buffer.AsSpan(_buffered - here, here);
        byte[] before = _buffer;
        if (_buffer.Length < want)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(want);
        }

        kept.CopyTo(_buffer);
        if (before != _buffer)
        {
            ArrayPool<byte>.Shared.Return(before);
        }

        _bufferStart = position;
        _buffered = here + file.Read(position + here, _buffer.AsSpan(here, want - here));
        return _buffered >= need;
    }
}
