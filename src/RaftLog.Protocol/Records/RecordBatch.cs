using System.Buffers.Binary;

namespace RaftLog.Protocol.Records;

/// <summary>
/// A view of one record batch of format 2 over its bytes (KIP-98). Made only over bytes that hold a whole batch by its own length,
/// so the fields can be read without a check; whether they are true, <see cref="HasValidChecksum"/> and <see cref="RecordWalk"/> say.
/// </summary>
public readonly ref struct RecordBatch
{
    /// <summary>The bytes of a header, the smallest batch there can be.</summary>
    public const int HeaderSize = BatchFormat.Records;

    /// <summary>The bytes from which the size of a batch can be told: base offset and length.</summary>
    public const int SizePrefix = BatchFormat.LengthEnd;

    /// <summary>"No timestamp".</summary>
    public const long NoTimestamp = -1;

    internal RecordBatch(ReadOnlySpan<byte> bytes) => Bytes = bytes;

    /// <summary>The whole batch, header and records.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>The number of bytes of the whole batch.</summary>
    public int Size => Bytes.Length;

    /// <summary>The offset of the first record as it was before any compaction.</summary>
    public Offset BaseOffset => new(BinaryPrimitives.ReadInt64BigEndian(Bytes));

    /// <summary>The offset of the last record, kept by compaction, so a batch always covers the offsets it was written with.</summary>
    public Offset LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>The offset of the next batch.</summary>
    public Offset NextOffset => LastOffset + 1;

    /// <summary>The epoch of the leader that appended the batch. Outside the checksum; from a client it means nothing.</summary>
    public LeaderEpoch PartitionLeaderEpoch => new(BinaryPrimitives.ReadInt32BigEndian(Bytes[BatchFormat.PartitionLeaderEpoch..]));

    /// <summary>The stored CRC-32C over everything from the attributes on.</summary>
    public uint Checksum => BinaryPrimitives.ReadUInt32BigEndian(Bytes[BatchFormat.Crc..]);

    /// <summary>Codec, timestamp type and flags.</summary>
    public BatchAttributes Attributes => new(BinaryPrimitives.ReadInt16BigEndian(Bytes[BatchFormat.Attributes..]));

    /// <summary>The last record's distance from the base offset.</summary>
    public int LastOffsetDelta => BinaryPrimitives.ReadInt32BigEndian(Bytes[BatchFormat.LastOffsetDelta..]);

    /// <summary>What the timestamps of the records are relative to, in milliseconds since 1970 (or the delete horizon).</summary>
    public long BaseTimestamp => BinaryPrimitives.ReadInt64BigEndian(Bytes[BatchFormat.BaseTimestamp..]);

    /// <summary>The largest timestamp of the records, or the time of the append.</summary>
    public long MaxTimestamp => BinaryPrimitives.ReadInt64BigEndian(Bytes[BatchFormat.MaxTimestamp..]);

    /// <summary>The producer, or <see cref="ProducerId.None"/>.</summary>
    public ProducerId ProducerId => new(BinaryPrimitives.ReadInt64BigEndian(Bytes[BatchFormat.ProducerId..]));

    /// <summary>The incarnation of the producer.</summary>
    public ProducerEpoch ProducerEpoch => new(BinaryPrimitives.ReadInt16BigEndian(Bytes[BatchFormat.ProducerEpoch..]));

    /// <summary>The sequence number of the first record, -1 for none.</summary>
    public int BaseSequence => BinaryPrimitives.ReadInt32BigEndian(Bytes[BatchFormat.BaseSequence..]);

    /// <summary>The sequence number of the last record, wrapped after 2^31-1; -1 for none.</summary>
    public int LastSequence =>
        BaseSequence == ProducerStamp.NoSequence ? ProducerStamp.NoSequence : ProducerStamp.Advance(BaseSequence, LastOffsetDelta);

    /// <summary>Producer, epoch and base sequence together.</summary>
    public ProducerStamp Producer => new(ProducerId, ProducerEpoch, BaseSequence);

    /// <summary>The number of records that the header claims.</summary>
    public int RecordCount => BinaryPrimitives.ReadInt32BigEndian(Bytes[BatchFormat.RecordCount..]);

    /// <summary>The records as stored: plain when <see cref="BatchAttributes.Compression"/> says so, else one compressed block.</summary>
    public ReadOnlySpan<byte> Section => Bytes[BatchFormat.Records..];

    /// <summary>True when the stored checksum is that of the bytes. Reads the whole batch.</summary>
    public bool HasValidChecksum => Checksum == Crc32C.Compute(Bytes[BatchFormat.CrcStart..]);

    /// <summary>
    /// The size that the batch at the start of <paramref name="buffer"/> claims to have, its first 12 bytes included; false when fewer than
    /// 12 bytes are there or no batch can have this size.
    /// </summary>
    public static bool TryReadSize(ReadOnlySpan<byte> buffer, out int size)
    {
        size = 0;
        if (buffer.Length < SizePrefix)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(buffer[BatchFormat.BatchLength..]);
        if (length is < BatchFormat.SmallestOldEntry - BatchFormat.LengthEnd or > int.MaxValue - BatchFormat.LengthEnd)
        {
            return false;
        }

        size = length + BatchFormat.LengthEnd;
        return true;
    }

    /// <summary>
    /// Reads the header at the start of <paramref name="buffer"/> where the records behind it need not be there: what a log needs to walk
    /// its batches. Of the view only the header's fields may be read; <paramref name="size"/> is what the whole batch claims to have.
    /// False when no batch of format 2 can start so.
    /// </summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> buffer, out RecordBatch header, out int size)
    {
        header = default;
        if (buffer.Length < HeaderSize || !TryReadSize(buffer, out size))
        {
            size = 0;
            return false;
        }

        header = new(buffer[..HeaderSize]);
        return size >= HeaderSize && buffer[BatchFormat.Magic] == BatchFormat.CurrentMagic;
    }

    /// <summary>
    /// Finds the batch at the start of <paramref name="buffer"/>, which may hold more behind it. Checks the frame, not the content.
    /// </summary>
    /// <param name="buffer">Bytes from anyone.</param>
    /// <param name="batch">The view when the response is <see cref="BatchStatus.Complete"/>, else empty and not to be read.</param>
    public static BatchStatus Read(ReadOnlySpan<byte> buffer, out RecordBatch batch)
    {
        batch = default;
        if (buffer.IsEmpty)
        {
            return BatchStatus.End;
        }

        if (buffer.Length < SizePrefix)
        {
            return BatchStatus.Torn;
        }

        if (!TryReadSize(buffer, out int size))
        {
            return BatchStatus.BadLength;
        }

        if (buffer.Length <= BatchFormat.Magic)
        {
            return BatchStatus.Torn;
        }

        switch (buffer[BatchFormat.Magic])
        {
            case < BatchFormat.CurrentMagic:
                return BatchStatus.OldFormat;
            case > BatchFormat.CurrentMagic:
                return BatchStatus.UnknownFormat;
        }

        if (size < HeaderSize)
        {
            return BatchStatus.BadLength;
        }

        if (size > buffer.Length)
        {
            return BatchStatus.Torn;
        }

        batch = new(buffer[..size]);
        return BatchStatus.Complete;
    }
}
