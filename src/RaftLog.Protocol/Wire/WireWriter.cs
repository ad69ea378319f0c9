using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace RaftLog.Protocol.Wire;

/// <summary>
/// Writes the primitives of the protocol into a buffer that grows and can be used again. Large record sets are kept as references, so that
/// they go from where they lie to the socket without a copy; they must not change until <see cref="Pieces"/> have been sent.
/// </summary>
public sealed class WireWriter
{
    /// <summary>Record sets of at least this many bytes are referenced; below it a copy is cheaper than one more piece in a send.</summary>
    public const int GatherThreshold = 2048;

    /// <summary>The most bytes that one writer holds. Beyond it writing throws <see cref="ProtocolException"/>.</summary>
    public const int MaxLength = 1 << 30;

    /// <summary>The largest own buffer that survives <see cref="Reset"/>; one unusual message does not keep its memory for ever.</summary>
    public const int RetainedCapacity = 1 << 20;

    private readonly List<Reference> _references = [];
    private readonly List<ReadOnlyMemory<byte>> _pieces = [];
    private readonly int _initialCapacity;
    private byte[] _buffer;
    private int _own;
    private int _referenced;

    /// <summary>Makes an empty writer.</summary>
    /// <param name="initialCapacity">The bytes to begin with.</param>
    public WireWriter(int initialCapacity = 512)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(initialCapacity);
        _initialCapacity = initialCapacity;
        _buffer = new byte[initialCapacity];
    }

    /// <summary>The number of bytes written, referenced ones included.</summary>
    public int Length => _own + _referenced;

    /// <summary>The number of error codes written that are not <see cref="ErrorCode.None"/>.</summary>
    public int Errors { get; private set; }

    /// <summary>Everything written, in order, without copies. The list and its slices are valid until the next write or reset.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Pieces
    {
        get
        {
            _pieces.Clear();
            int start = 0;
            foreach (Reference reference in _references)
            {
                AddOwnPiece(start, reference.Position);
                _pieces.Add(reference.Bytes);
                start = reference.Position;
            }

            AddOwnPiece(start, _own);
            return _pieces;
        }
    }

    /// <summary>Everything written, as one new array.</summary>
    public byte[] ToArray()
    {
        byte[] whole = new byte[Length];
        int position = 0;
        foreach (ReadOnlyMemory<byte> piece in Pieces)
        {
            piece.CopyTo(whole.AsMemory(position));
            position += piece.Length;
        }

        return whole;
    }

    /// <summary>Forgets everything written and lets go of references, to begin the next message.</summary>
    public void Reset()
    {
        _own = 0;
        _referenced = 0;
        Errors = 0;
        _references.Clear();
        _pieces.Clear();
        if (_buffer.Length > RetainedCapacity)
        {
            _buffer = new byte[_initialCapacity];
        }
    }

    public void WriteBool(bool value) => Take(1)[0] = value ? (byte)1 : (byte)0;

    public void WriteInt8(sbyte value) => Take(1)[0] = (byte)value;

    public void WriteInt16(short value) => BinaryPrimitives.WriteInt16BigEndian(Take(sizeof(short)), value);

    /// <summary>An error code, which is counted.</summary>
    public void WriteError(ErrorCode value)
    {
        WriteInt16((short)value);
        Errors += value == ErrorCode.None ? 0 : 1;
    }

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(sizeof(ushort)), value);

    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(sizeof(int)), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(sizeof(uint)), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(sizeof(long)), value);

    public void WriteFloat64(double value) => BinaryPrimitives.WriteDoubleBigEndian(Take(sizeof(double)), value);

    public void WriteUuid(Uuid value) => value.Write(Take(Uuid.Size));

    /// <summary>An unsigned number of 1 to 5 bytes, seven bits each, the lowest first.</summary>
    public void WriteUVarint(uint value) => PutUVarint(Take(UVarintSize(value)), value);

    /// <summary>A signed number of 1 to 5 bytes, zigzag encoded.</summary>
    public void WriteVarint(int value) => WriteUVarint((uint)((value << 1) ^ (value >> 31)));

    /// <summary>A signed number of 1 to 10 bytes, zigzag encoded.</summary>
    public void WriteVarlong(long value)
    {
        ulong rest = (ulong)((value << 1) ^ (value >> 63));
        while (rest >= 0x80)
        {
            Take(1)[0] = (byte)(rest | 0x80);
            rest >>= 7;
        }

        Take(1)[0] = (byte)rest;
    }

    /// <summary>A string that may be null.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="value">At most 32767 bytes of UTF-8.</param>
    public void WriteNullableString(bool compact, string? value)
    {
        if (value is not null)
        {
            WriteString(compact, value);
        }
        else if (compact)
        {
            Take(1)[0] = 0;
        }
        else
        {
            WriteInt16(-1);
        }
    }

    /// <summary>A string.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="value">At most 32767 bytes of UTF-8.</param>
    /// <exception cref="ProtocolException">The string is longer than that.</exception>
    public void WriteString(bool compact, string value)
    {
        int length = Encoding.UTF8.GetByteCount(value);
        if (length > WireReader.MaxStringLength)
        {
            throw new ProtocolException($"a string of {length} bytes is longer than the protocol's {WireReader.MaxStringLength}");
        }

        if (compact)
        {
            WriteUVarint((uint)length + 1);
        }
        else
        {
            WriteInt16((short)length);
        }

        Encoding.UTF8.GetBytes(value, Take(length));
    }

    /// <summary>Bytes that may be null, copied.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="value">The bytes.</param>
    public void WriteNullableBytes(bool compact, ReadOnlyMemory<byte>? value)
    {
        if (value is { } bytes)
        {
            WriteBytes(compact, bytes);
        }
        else
        {
            WriteNullLength(compact);
        }
    }

    /// <summary>Bytes, copied.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="value">The bytes.</param>
    public void WriteBytes(bool compact, ReadOnlyMemory<byte> value)
    {
        WriteLength(compact, value.Length);
        value.Span.CopyTo(Take(value.Length));
    }

    /// <summary>A record set that may be null; referenced from <see cref="GatherThreshold"/> bytes on.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="records">The record batches.</param>
    public void WriteNullableRecords(bool compact, ReadOnlyMemory<byte>? records)
    {
        if (records is { } bytes)
        {
            WriteRecords(compact, bytes);
        }
        else
        {
            WriteNullLength(compact);
        }
    }

    /// <summary>A record set with its length; referenced from <see cref="GatherThreshold"/> bytes on.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="records">The record batches.</param>
    public void WriteRecords(bool compact, ReadOnlyMemory<byte> records)
    {
        WriteLength(compact, records.Length);
        WriteRecords(records);
    }

    /// <summary>
    /// Record batches without a length; referenced from <see cref="GatherThreshold"/> bytes on. Bytes that lie in no array are always
    /// referenced: who made them reads them as late as possible.
    /// </summary>
    /// <param name="records">The record batches.</param>
    public void WriteRecords(ReadOnlyMemory<byte> records)
    {
        if (records.Length < GatherThreshold && MemoryMarshal.TryGetArray(records, out _))
        {
            records.Span.CopyTo(Take(records.Length));
            return;
        }

        RejectBeyondMaxLength(records.Length);
        _references.Add(new Reference(_own, records));
        _referenced += records.Length;
    }

    /// <summary>Bytes without a length, copied.</summary>
    /// <param name="bytes">The bytes.</param>
    public void WriteRaw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    /// <summary>The count of an array, before its elements.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="count">The number of elements.</param>
    public void WriteArrayLength(bool compact, int count) => WriteLength(compact, count);

    /// <summary>The count of an array that is null.</summary>
    /// <param name="compact">True in flexible versions.</param>
    public void WriteNullArray(bool compact) => WriteNullLength(compact);

    /// <summary>The presence byte of a structure that may be null: 1 present, -1 null.</summary>
    /// <param name="present">True when the structure follows.</param>
    public void WritePresence(bool present) => WriteInt8(present ? (sbyte)1 : (sbyte)-1);

    /// <summary>Whether a structure that may be null follows inside a tagged field.</summary>
    public void WriteTaggedPresence(bool present) => WriteUVarint(present ? 1u : 0u);

    /// <summary>The end of a structure without tagged fields, in flexible versions.</summary>
    public void WriteNoTags() => Take(1)[0] = 0;

    /// <summary>Leaves room for an int32 that is known later, such as the frame's length.</summary>
    /// <returns>What <see cref="PatchInt32"/> needs. It stays valid unless a sized part that began before it ends.</returns>
    public int ReserveInt32()
    {
        int position = _own;
        Take(sizeof(int));
        return position;
    }

    /// <summary>Fills room left by <see cref="ReserveInt32"/>.</summary>
    public void PatchInt32(int position, int value) => BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(position, sizeof(int)), value);

    /// <summary>Begins a part that stands behind its size as a uvarint, such as a tagged field.</summary>
    public SizeMark BeginSized()
    {
        int position = _own;
        Take(1);
        return new SizeMark(position, Length);
    }

    /// <summary>Ends a part: puts its size before it. Sizes below 128 have their byte already; larger ones move the part.</summary>
    public void EndSized(SizeMark mark)
    {
        uint size = (uint)(Length - mark.Length);
        int more = UVarintSize(size) - 1;
        if (more > 0)
        {
            int start = mark.Position + 1;
            int moved = _own - start;
            Take(more);
            _buffer.AsSpan(start, moved).CopyTo(_buffer.AsSpan(start + more));
            MoveReferences(start, more);
        }

        PutUVarint(_buffer.AsSpan(mark.Position), size);
    }

    private void WriteLength(bool compact, int length)
    {
        if (compact)
        {
            WriteUVarint((uint)length + 1);
        }
        else
        {
            WriteInt32(length);
        }
    }

    private void WriteNullLength(bool compact)
    {
        if (compact)
        {
            Take(1)[0] = 0;
        }
        else
        {
            WriteInt32(-1);
        }
    }

    private void MoveReferences(int from, int by)
    {
        for (int i = _references.Count - 1; i >= 0 && _references[i].Position >= from; i--)
        {
            _references[i] = _references[i] with { Position = _references[i].Position + by };
        }
    }

    private void AddOwnPiece(int start, int end)
    {
        if (end > start)
        {
            _pieces.Add(_buffer.AsMemory(start, end - start));
        }
    }

    /// <summary>Makes room for a number of bytes and returns it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Span<byte> Take(int count)
    {
        int position = _own;
        if (_buffer.Length - position < count)
        {
            Grow(count);
        }

        _own = position + count;
        return _buffer.AsSpan(position, count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(int count)
    {
        RejectBeyondMaxLength(count);
        long wanted = Math.Max((long)_own + count, Math.Min(2L * _buffer.Length, MaxLength));
        Array.Resize(ref _buffer, (int)wanted);
    }

    private void RejectBeyondMaxLength(int count)
    {
        if ((long)Length + count > MaxLength)
        {
            throw new ProtocolException($"a message of {(long)Length + count} bytes is longer than the {MaxLength} that can be written");
        }
    }

    private static int UVarintSize(uint value) =>
        value switch
        {
            < 1u << 7 => 1,
            < 1u << 14 => 2,
            < 1u << 21 => 3,
            < 1u << 28 => 4,
            _ => 5,
        };

    private static void PutUVarint(Span<byte> target, uint value)
    {
        int i = 0;
        while (value >= 0x80)
        {
            target[i++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[i] = (byte)value;
    }

    /// <summary>Bytes of somebody else that stand before the own byte at <paramref name="Position"/>.</summary>
    private readonly record struct Reference(int Position, ReadOnlyMemory<byte> Bytes);
}
