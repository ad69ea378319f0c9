using System.Buffers.Binary;

namespace RaftLog.Protocol.Records;

/// <summary>
/// A view of one entry of format 0 or 1, as Kafka wrote them before 0.11: one record, or a wrapper whose value is a compressed run of such
/// entries. Made only over bytes that hold a whole entry by its own length. Nothing writes these formats any more; logs of that time still
/// hold them.
/// </summary>
public readonly ref struct LegacyMessage
{
    /// <summary>The bytes of the smallest entry: no key and no value, in format 0.</summary>
    public const int SmallestSize = BatchFormat.SmallestOldEntry;

    private const int Crc = 12;
    private const int Magic = 16;
    private const int AttributesAt = 17;
    private const int TimestampAt = 18;
    private const int LengthBytes = 4;
    private const int CodecBits = 0x07;
    private const int TimestampTypeBit = 0x08;

    private readonly int _keyLengthAt;

    private LegacyMessage(ReadOnlySpan<byte> bytes, int keyLengthAt)
    {
        Bytes = bytes;
        _keyLengthAt = keyLengthAt;
    }

    /// <summary>The whole entry.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>The number of bytes of the whole entry.</summary>
    public int Size => Bytes.Length;

    /// <summary>The format, 0 or 1.</summary>
    public byte Format => Bytes[Magic];

    /// <summary>The record's offset; of a wrapper, that of its last record. Inside a wrapper of format 1 it is relative.</summary>
    public Offset Offset => new(BinaryPrimitives.ReadInt64BigEndian(Bytes));

    /// <summary>Codec and, in format 1, timestamp type; the other bits have no meaning.</summary>
    public BatchAttributes Attributes => new((short)(Bytes[AttributesAt] & (Format == 0 ? CodecBits : CodecBits | TimestampTypeBit)));

    /// <summary>True for a compressed run of entries.</summary>
    public bool IsWrapper => Attributes.Compression != Compression.CompressionType.None;

    /// <summary>
    /// Milliseconds since 1970; of a wrapper the largest of its records. <see cref="RecordBatch.NoTimestamp"/> in format 0.
    /// </summary>
    public long Timestamp => Format == 0 ? RecordBatch.NoTimestamp : BinaryPrimitives.ReadInt64BigEndian(Bytes[TimestampAt..]);

    /// <summary>True when the stored checksum is that of the bytes, and the lengths add up.</summary>
    public bool HasValidChecksum =>
        BinaryPrimitives.ReadUInt32BigEndian(Bytes[Crc..]) == Crc32.Compute(Bytes[Magic..]) && TryReadParts(out _, out _);

    /// <summary>
    /// Finds the entry at the start of <paramref name="buffer"/>, which may hold more behind it. Checks the frame, not the content.
    /// </summary>
    /// <param name="buffer">Bytes from anyone.</param>
    /// <param name="message">The view when the result is <see cref="BatchStatus.Complete"/>.</param>
    public static BatchStatus Read(ReadOnlySpan<byte> buffer, out LegacyMessage message)
    {
        message = default;
        if (buffer.IsEmpty)
        {
            return BatchStatus.End;
        }

        if (!TryReadHeader(buffer, out message, out int size))
        {
            return buffer.Length <= Magic ? BatchStatus.Torn
                : buffer[Magic] > 1 ? BatchStatus.UnknownFormat
                : BatchStatus.BadLength;
        }

        if (size > buffer.Length)
        {
            return BatchStatus.Torn;
        }

        message = new(buffer[..size], message._keyLengthAt);
        return BatchStatus.Complete;
    }

    /// <summary>
    /// Reads the fields before the key where what follows need not be there. Of the view only offset, format, attributes and timestamp may
    /// be read;
    /// <paramref name="size"/> is what the whole entry claims to have. False when no entry of these formats can start so.
    /// </summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> buffer, out LegacyMessage header, out int size)
    {
        header = default;
        if (!RecordBatch.TryReadSize(buffer, out size) || buffer.Length <= Magic || buffer[Magic] > 1)
        {
            return false;
        }

        int keyLengthAt = buffer[Magic] == 0 ? TimestampAt : TimestampAt + sizeof(long);
        if (buffer.Length < keyLengthAt || size < keyLengthAt + (2 * LengthBytes))
        {
            return false;
        }

        header = new(buffer[..Math.Min(buffer.Length, size)], keyLengthAt);
        return true;
    }

    /// <summary>Key and value; false when their lengths do not add up to the entry's.</summary>
    public bool TryReadParts(out NullableBytes key, out NullableBytes value)
    {
        int at = _keyLengthAt;
        value = default;
        return TryReadPart(ref at, out key) && TryReadPart(ref at, out value) && at == Bytes.Length;
    }

    private bool TryReadPart(scoped ref int at, out NullableBytes part)
    {
        part = NullableBytes.Null;
        if (Bytes.Length - at < LengthBytes)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(Bytes[at..]);
        at += LengthBytes;
        if (length < -1 || length > Bytes.Length - at)
        {
            return false;
        }

        if (length >= 0)
        {
            part = new NullableBytes(Bytes.Slice(at, length));
            at += length;
        }

        return true;
    }
}
