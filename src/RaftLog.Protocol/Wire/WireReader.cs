using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace RaftLog.Protocol.Wire;

/// <summary>
/// Reads the primitives of the protocol from one frame. Every length and count is checked against the bytes that remain before anything
/// is allocated for it, so a frame costs memory in proportion to its own size, whatever it claims.
/// </summary>
/// <remarks>Errors name the position in the frame and, for what has a length, the field.</remarks>
public ref struct WireReader
{
    /// <summary>The most array elements that one frame may hold in all; 16 million integers or small structures.</summary>
    public const int MaxElements = 1 << 24;

    /// <summary>The most bytes of UTF-8 in one string, in both encodings.</summary>
    public const int MaxStringLength = short.MaxValue;

    private readonly Memory<byte> _frame;
    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;
    private int _end;
    private int _elementsLeft;

    /// <summary>Reads from the start of a frame.</summary>
    /// <param name="frame">The bytes; <c>bytes</c> and <c>records</c> fields become slices of it.</param>
    /// <param name="maxElements">The most array elements to accept in all, where a receiver wants fewer than
    /// <see cref="MaxElements"/>.</param>
    public WireReader(Memory<byte> frame, int maxElements = MaxElements)
    {
        _frame = frame;
        _bytes = frame.Span;
        _end = frame.Length;
        _elementsLeft = maxElements;
    }

    /// <summary>
    /// Reads from bytes that nobody may change, such as a record's value. Nothing may be written through the <see cref="Memory{T}"/>
    /// fields of the messages that are read from it.
    /// </summary>
    public WireReader(ReadOnlyMemory<byte> frame)
        : this(MemoryMarshal.AsMemory(frame)) { }

    /// <summary>The number of bytes read so far.</summary>
    public readonly int Position => _position;

    /// <summary>The number of bytes that remain.</summary>
    public readonly int Remaining => _end - _position;

    public bool ReadBool() => ReadInt8() != 0;

    public sbyte ReadInt8() => (sbyte)_bytes[Take(1)];

    public short ReadInt16() => BinaryPrimitives.ReadInt16BigEndian(_bytes[Take(sizeof(short))..]);

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(_bytes[Take(sizeof(ushort))..]);

    public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(_bytes[Take(sizeof(int))..]);

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(_bytes[Take(sizeof(uint))..]);

    public long ReadInt64() => BinaryPrimitives.ReadInt64BigEndian(_bytes[Take(sizeof(long))..]);

    public double ReadFloat64() => BinaryPrimitives.ReadDoubleBigEndian(_bytes[Take(sizeof(double))..]);

    public Uuid ReadUuid() => Uuid.Read(_bytes[Take(Uuid.Size)..]);

    /// <summary>An unsigned number of 1 to 5 bytes, seven bits each, the lowest first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint ReadUVarint()
    {
        int position = _position;
        if (position < _end && _bytes[position] < 0x80)
        {
            _position = position + 1;
            return _bytes[position];
        }

        return (uint)ReadLongUVarint(maxBytes: 5, bits: 32);
    }

    /// <summary>A signed number of 1 to 5 bytes, zigzag encoded.</summary>
    public int ReadVarint()
    {
        uint value = ReadUVarint();
        return (int)(value >> 1) ^ -(int)(value & 1);
    }

    /// <summary>A signed number of 1 to 10 bytes, zigzag encoded.</summary>
    public long ReadVarlong()
    {
        ulong value = ReadLongUVarint(maxBytes: 10, bits: 64);
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>A string that cannot be null.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="field">The field's path, for errors.</param>
    public string ReadString(bool compact, string field) => ReadNullableString(compact, field) ?? ThrowNull<string>(field);

    /// <summary>The same; an equal string that is known already is the result, so that none is made.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="field">The field's path, for errors.</param>
    /// <param name="known">What may be equal.</param>
    public string ReadString(bool compact, string field, string? known) =>
        ReadNullableString(compact, field, known) ?? ThrowNull<string>(field);

    /// <summary>A string or null. Bytes that are not UTF-8 become U+FFFD, as in Kafka.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="field">The field's path, for errors.</param>
    public string? ReadNullableString(bool compact, string field) => ReadNullableString(compact, field, known: null);

    /// <summary>The same; an equal string that is known already is the result, so that none is made.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="field">The field's path, for errors.</param>
    /// <param name="known">What may be equal.</param>
    public string? ReadNullableString(bool compact, string field, string? known)
    {
        long length = compact ? (long)ReadUVarint() - 1 : ReadInt16();
        if (length <= 0)
        {
            return length == 0 ? "" : NullUnlessBelowMinusOne<string>(length, field);
        }

        if (length > MaxStringLength || length > Remaining)
        {
            ThrowLength(field, length);
        }

        ReadOnlySpan<byte> text = _bytes.Slice(Take((int)length), (int)length);
        return known is not null && Ascii.Equals(text, known) ? known : Encoding.UTF8.GetString(text);
    }

    /// <summary>Bytes that cannot be null: a slice of the frame.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="field">The field's path, for errors.</param>
    public Memory<byte> ReadBytes(bool compact, string field) => ReadNullableBytes(compact, field) ?? ThrowNull<Memory<byte>>(field);

    /// <summary>Bytes or null: a slice of the frame.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="field">The field's path, for errors.</param>
    public Memory<byte>? ReadNullableBytes(bool compact, string field)
    {
        long length = compact ? (long)ReadUVarint() - 1 : ReadInt32();
        if (length < 0)
        {
            if (length < -1)
            {
                ThrowLength(field, length);
            }

            return null;
        }

        if (length > Remaining)
        {
            ThrowLength(field, length);
        }

        return _frame.Slice(Take((int)length), (int)length);
    }

    /// <summary>A number of bytes as a slice of the frame.</summary>
    public Memory<byte> ReadSlice(int count)
    {
        if (count < 0)
        {
            ThrowLength("slice", count);
        }

        return _frame.Slice(Take(count), count);
    }

    /// <summary>The count of an array that cannot be null.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="minElementSize">The fewest bytes that one element takes, at least 1.</param>
    /// <param name="field">The field's path, for errors.</param>
    public int ReadArrayLength(bool compact, int minElementSize, string field)
    {
        int count = ReadNullableArrayLength(compact, minElementSize, field);
        return count >= 0 ? count : ThrowNull<int>(field);
    }

    /// <summary>The count of an array, or -1 for null.</summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="minElementSize">The fewest bytes that one element takes, at least 1.</param>
    /// <param name="field">The field's path, for errors.</param>
    public int ReadNullableArrayLength(bool compact, int minElementSize, string field)
    {
        long count = compact ? (long)ReadUVarint() - 1 : ReadInt32();
        if (count < -1 || count * minElementSize > Remaining)
        {
            ThrowCount(field, count, minElementSize);
        }

        if (count > _elementsLeft)
        {
            throw new ProtocolException($"{field}: {count} elements at byte {_position} are more than a frame may hold in all");
        }

        if (count > 0)
        {
            _elementsLeft -= (int)count;
        }

        return (int)count;
    }

    /// <summary>The presence byte of a structure that may be null: 1 present, -1 null.</summary>
    /// <param name="field">The field's path, for errors.</param>
    public bool ReadPresence(string field)
    {
        sbyte presence = ReadInt8();
        return presence switch
        {
            1 => true,
            -1 => false,
            _ => throw new ProtocolException($"{field}: presence byte {presence} at byte {_position - 1} is neither 1 nor -1"),
        };
    }

    /// <summary>Whether a structure that may be null follows inside a tagged field.</summary>
    /// <param name="field">The field's path, for errors.</param>
    public bool ReadTaggedPresence(string field)
    {
        uint presence = ReadUVarint();
        return presence <= 1
            ? presence == 1
            : throw new ProtocolException($"{field}: presence {presence} before byte {_position} is neither 1 nor 0");
    }

    /// <summary>The number of tagged fields that follow; each takes at least 2 bytes.</summary>
    public int ReadTagCount()
    {
        uint count = ReadUVarint();
        if (count * 2L > Remaining)
        {
            ThrowCount("tagged fields", count, 2);
        }

        return (int)count;
    }

    /// <summary>
    /// The number and size of the next tagged field. Its content must be read between <see cref="BeginTag"/> and <see cref="EndTag"/>,
    /// or passed over with <see cref="Skip"/>.
    /// </summary>
    public uint ReadTag(out int size)
    {
        uint tag = ReadUVarint();
        uint length = ReadUVarint();
        if (length > (uint)Remaining)
        {
            ThrowLength("tagged field", length);
        }

        size = (int)length;
        return tag;
    }

    /// <summary>
    /// Narrows the reader to the content of a tagged field; the result is what <see cref="EndTag"/> needs to widen it again.
    /// </summary>
    public int BeginTag(int size)
    {
        int outer = _end;
        _end = _position + size;
        return outer;
    }

    /// <summary>Ends the content of a tagged field, which must have been read to its last byte.</summary>
    /// <param name="outer">The result of <see cref="BeginTag"/>.</param>
    /// <param name="field">The field's path, for errors.</param>
    public void EndTag(int outer, string field)
    {
        if (_position != _end)
        {
            throw new ProtocolException($"{field}: its size leaves {_end - _position} bytes unread at byte {_position}");
        }

        _end = outer;
    }

    /// <summary>Passes over all tagged fields of a structure that knows none.</summary>
    public void SkipTags()
    {
        for (int left = ReadTagCount(); left > 0; left--)
        {
            ReadTag(out int size);
            Skip(size);
        }
    }

    /// <summary>Passes over a number of bytes, which is not negative.</summary>
    public void Skip(int count) => Take(count);

    /// <summary>Moves past a number of bytes and returns where they begin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Take(int count)
    {
        int position = _position;
        if (_end - position < count)
        {
            ThrowShort(count);
        }

        _position = position + count;
        return position;
    }

    private ulong ReadLongUVarint(int maxBytes, int bits)
    {
        ulong value = 0;
        for (int i = 0; i < maxBytes; i++)
        {
            byte next = _bytes[Take(1)];
            int shift = i * 7;
            if (shift + 7 > bits && next >> (bits - shift) != 0)
            {
                break;
            }

            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new ProtocolException($"variable-length number at byte {_position - 1} does not fit {bits} bits");
    }

    private readonly T? NullUnlessBelowMinusOne<T>(long length, string field)
        where T : class
    {
        if (length < -1)
        {
            ThrowLength(field, length);
        }

        return null;
    }

    [DoesNotReturn]
    private readonly void ThrowShort(int count) =>
        throw new ProtocolException($"{count} bytes are needed at byte {_position}, but {Remaining} remain");

    [DoesNotReturn]
    private readonly void ThrowLength(string field, long length) =>
        throw new ProtocolException($"{field}: length {length} before byte {_position} is not possible, {Remaining} bytes remain");

    [DoesNotReturn]
    private readonly void ThrowCount(string field, long count, int minElementSize) =>
        throw new ProtocolException(
            $"{field}: {count} elements of at least {minElementSize} bytes before byte {_position} are not possible, {Remaining} bytes "
                + $"remain"
        );

    [DoesNotReturn]
    private readonly T ThrowNull<T>(string field) =>
        throw new ProtocolException($"{field}: null before byte {_position}, but this version knows no null there");
}
