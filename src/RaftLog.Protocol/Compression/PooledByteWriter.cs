using System.Buffers;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>
/// A byte buffer that grows in pooled arrays up to a limit. What was written is one contiguous span, valid until the next growth,
/// <see cref="Clear"/> or <see cref="Dispose"/>. One owner at a time; not safe for use by several threads.
/// </summary>
public sealed class PooledByteWriter : IBufferWriter<byte>, IDisposable
{
    private const int SmallestRent = 256;

    private byte[] _array = [];
    private int _length;

    /// <summary>Creates an empty buffer; nothing is rented before the first byte.</summary>
    /// <param name="limit">The most bytes that it may ever hold; asking for more throws.</param>
    public PooledByteWriter(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        Limit = limit;
    }

    /// <summary>The most bytes that the buffer may hold.</summary>
    public int Limit { get; }

    /// <summary>The number of bytes written.</summary>
    public int Length => _length;

    /// <summary>How many more bytes may be written.</summary>
    public int Remaining => Limit - _length;

    /// <summary>The bytes written so far.</summary>
    public Span<byte> Written => _array.AsSpan(0, _length);

    /// <summary>The bytes written so far.</summary>
    public Memory<byte> WrittenMemory => _array.AsMemory(0, _length);

    /// <inheritdoc />
    /// <exception cref="ProtocolException">The limit is reached.</exception>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count > _array.Length - _length || count > Remaining)
        {
            throw OverLimit();
        }

        _length += count;
    }

    /// <summary>
    /// Free space of at least <paramref name="sizeHint"/> bytes (at least one), and never more than <see cref="Remaining"/>.
    /// </summary>
    /// <exception cref="ProtocolException">The limit leaves less room than asked for.</exception>
    public Span<byte> GetSpan(int sizeHint = 0) => FreeFrom(sizeHint).AsSpan(_length, Free);

    /// <inheritdoc cref="GetSpan" />
    public Memory<byte> GetMemory(int sizeHint = 0) => FreeFrom(sizeHint).AsMemory(_length, Free);

    /// <summary>Appends bytes.</summary>
    /// <exception cref="ProtocolException">The limit is reached.</exception>
    public void Write(ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
        {
            return;
        }

        source.CopyTo(GetSpan(source.Length));
        _length += source.Length;
    }

    /// <summary>Forgets the bytes and keeps the array for the next use.</summary>
    public void Clear() => _length = 0;

    /// <summary>Drops all bytes from <paramref name="length"/> on.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)_length);
        _length = length;
    }

    /// <summary>Gives the array back to the pool. The buffer is empty afterwards and may be used again.</summary>
    public void Dispose()
    {
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        _array = [];
        _length = 0;
    }

    /// <summary>What was written and <paramref name="free"/> bytes behind it, for decoders that copy from their own output.</summary>
    internal Span<byte> Window(int free) => FreeFrom(free).AsSpan(0, _length + free);

    private int Free => Math.Min(_array.Length, Limit) - _length;

    private byte[] FreeFrom(int sizeHint)
    {
        int needed = Math.Max(1, sizeHint);
        if (needed > Remaining)
        {
            throw OverLimit();
        }

        if (_array.Length - _length < needed)
        {
            Grow(needed);
        }

        return _array;
    }

    private void Grow(int needed)
    {
        long wanted = Math.Max(Math.Max(SmallestRent, _length + (long)needed), 2L * _array.Length);
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(wanted, Math.Max(SmallestRent, Limit)));
        _array.AsSpan(0, _length).CopyTo(larger);
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        _array = larger;
    }

    private SizeLimitException OverLimit() => new(Limit);
}
