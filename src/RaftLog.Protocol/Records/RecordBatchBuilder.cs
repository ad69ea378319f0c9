using System.Buffers.Binary;
using RaftLog.Protocol.Compression;

namespace RaftLog.Protocol.Records;

/// <summary>
/// Writes one record batch at a time, records straight into wire form behind the room for the header. Append, set what the header needs,
/// <see cref="Seal"/>, send, <see cref="Reset"/>. The bytes of a sealed batch belong to the builder until the next reset. One thread at a
/// time.
/// </summary>
/// <param name="options">What the batches look like.</param>
public sealed class RecordBatchBuilder(RecordBatchOptions options) : IDisposable
{
    // Incompressible data may grow a little; no codec adds more than this.
    private const int CompressionSlack = 1024;

    private readonly PooledByteWriter _plain = new(options.Limit);
    private PooledByteWriter? _compressed;
    private Memory<byte> _sealed;
    private long _baseTimestamp;
    private int _lastOffsetDelta = -1;

    /// <summary>The offset of the first record. Producers leave it 0; the leader assigns it.</summary>
    public Offset BaseOffset { get; set; } = Offset.Zero;

    /// <summary>The epoch of the appending leader. Producers leave it at none.</summary>
    public LeaderEpoch PartitionLeaderEpoch { get; set; } = LeaderEpoch.None;

    /// <summary>Producer, epoch and sequence.</summary>
    public ProducerStamp Producer { get; set; } = ProducerStamp.None;

    /// <summary>Transactional and control flags; codec and timestamp type are set at the seal.</summary>
    public BatchAttributes Attributes { get; set; }

    /// <summary>The number of records so far.</summary>
    public int Count { get; private set; }

    /// <summary>The largest timestamp so far; <see cref="RecordBatch.NoTimestamp"/> without records.</summary>
    public long MaxTimestamp { get; private set; } = RecordBatch.NoTimestamp;

    /// <summary>The bytes so far, header included, before compression.</summary>
    public int Size => Math.Max(_plain.Length, RecordBatch.HeaderSize);

    /// <summary>Appends a record without headers.</summary>
    /// <inheritdoc cref="TryAppend(long, NullableBytes, NullableBytes, ReadOnlySpan{RecordHeader})" />
    public bool TryAppend(long timestamp, NullableBytes key, NullableBytes value) => TryAppend(timestamp, key, value, []);

    /// <summary>Appends a record behind the last one.</summary>
    /// <param name="timestamp">Milliseconds since 1970, or <see cref="RecordBatch.NoTimestamp"/>.</param>
    /// <param name="key">The key, or null.</param>
    /// <param name="value">The value, or null.</param>
    /// <param name="headers">The headers.</param>
    /// <returns>False, and nothing is written, when the batch would grow over its limit.</returns>
    public bool TryAppend(long timestamp, NullableBytes key, NullableBytes value, ReadOnlySpan<RecordHeader> headers) =>
        TryAppendAt(_lastOffsetDelta + 1, timestamp, key, value, headers);

    /// <summary>Appends a record at a chosen place, for a log that is rewritten with gaps.</summary>
    /// <param name="offsetDelta">The distance from the base offset; larger than that of the record before.</param>
    /// <inheritdoc cref="TryAppend(long, NullableBytes, NullableBytes, ReadOnlySpan{RecordHeader})" path="/param" />
    /// <returns>False, and nothing is written, when the batch would grow over its limit.</returns>
    public bool TryAppendAt(int offsetDelta, long timestamp, NullableBytes key, NullableBytes value, ReadOnlySpan<RecordHeader> headers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(offsetDelta, _lastOffsetDelta);
        ThrowIfSealed();
        long baseTimestamp = Count == 0 ? timestamp : _baseTimestamp;
        long timestampDelta = timestamp - baseTimestamp;
        long body = 1L + ZigZag.Size(timestampDelta) + ZigZag.Size(offsetDelta) + PartSize(key) + PartSize(value) + HeadersSize(headers);
        if (body > int.MaxValue)
        {
            return false;
        }

        int header = Count == 0 ? RecordBatch.HeaderSize : 0;
        long needed = header + ZigZag.Size((int)body) + body;
        if (needed > _plain.Remaining)
        {
            return false;
        }

        Span<byte> target = _plain.GetSpan((int)needed);
        int written = header;
        written += ZigZag.Write(target[written..], (int)body);
        target[written++] = 0;
        written += ZigZag.Write(target[written..], timestampDelta);
        written += ZigZag.Write(target[written..], offsetDelta);
        written += WritePart(target[written..], key);
        written += WritePart(target[written..], value);
        written += ZigZag.Write(target[written..], headers.Length);
        foreach (ref readonly RecordHeader next in headers)
        {
            written += ZigZag.Write(target[written..], next.NameSize);
            written += next.WriteName(target[written..]);
            written += WritePart(target[written..], next.Value);
        }

        _plain.Advance(written);
        _baseTimestamp = baseTimestamp;
        _lastOffsetDelta = offsetDelta;
        MaxTimestamp = Count == 0 ? timestamp : Math.Max(MaxTimestamp, timestamp);
        Count++;
        return true;
    }

    /// <summary>Appends a control record and makes the batch one of control records.</summary>
    /// <param name="timestamp">Milliseconds since 1970.</param>
    /// <param name="type">The kind.</param>
    /// <param name="value">The message of that kind, its version first.</param>
    /// <returns>False, and nothing is written, when the batch would grow over its limit.</returns>
    public bool TryAppendControl(long timestamp, ControlRecordType type, ReadOnlySpan<byte> value)
    {
        Span<byte> key = stackalloc byte[ControlRecordKey.Size];
        new ControlRecordKey(0, type).Write(key);
        if (!TryAppend(timestamp, key, value))
        {
            return false;
        }

        Attributes = Attributes.AsControl();
        return true;
    }

    /// <summary>Makes the whole batch cover offsets up to this distance, also where no record stands there any more.</summary>
    public void CoverUpTo(int lastOffsetDelta) => _lastOffsetDelta = Math.Max(_lastOffsetDelta, lastOffsetDelta);

    /// <summary>Compresses the records, writes the header, and returns the batch. A second call returns the same bytes.</summary>
    /// <exception cref="InvalidOperationException">There are no records.</exception>
    /// <exception cref="UnsupportedCompressionException">The codec does not exist.</exception>
    public Memory<byte> Seal()
    {
        if (Count == 0)
        {
            throw new InvalidOperationException("a batch without records cannot be sealed");
        }

        if (_sealed.IsEmpty)
        {
            _sealed = options.Compression == CompressionType.None ? _plain.WrittenMemory : Compress();
            WriteHeader(_sealed.Span);
        }

        return _sealed;
    }

    /// <summary>Forgets the batch and everything set for it; keeps the buffers.</summary>
    public void Reset()
    {
        _plain.Clear();
        _compressed?.Clear();
        _sealed = default;
        _lastOffsetDelta = -1;
        Count = 0;
        MaxTimestamp = RecordBatch.NoTimestamp;
        BaseOffset = Offset.Zero;
        PartitionLeaderEpoch = LeaderEpoch.None;
        Producer = ProducerStamp.None;
        Attributes = default;
    }

    /// <summary>Gives the buffers back. A sealed batch is gone with them.</summary>
    public void Dispose()
    {
        Reset();
        _plain.Dispose();
        _compressed?.Dispose();
    }

    /// <summary>The most bytes that a record takes in a batch, for deciding whether it fits before its place is known.</summary>
    public static long LargestRecordSize(NullableBytes key, NullableBytes value, ReadOnlySpan<RecordHeader> headers) =>
        ZigZag.LargestInt32 + 1 + ZigZag.LargestInt64 + ZigZag.LargestInt32 + PartSize(key) + PartSize(value) + HeadersSize(headers);

    private Memory<byte> Compress()
    {
        _compressed ??= new PooledByteWriter((int)Math.Min(int.MaxValue, options.Limit + (options.Limit / 64L) + CompressionSlack));
        _compressed.Write(_plain.Written[..RecordBatch.HeaderSize]);
        RecordCompression.Compress(options.Compression, options.Level, _plain.Written[RecordBatch.HeaderSize..], _compressed);
        return _compressed.WrittenMemory;
    }

    private void WriteHeader(Span<byte> batch)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch, BaseOffset.Value);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchFormat.BatchLength..], batch.Length - BatchFormat.LengthEnd);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchFormat.PartitionLeaderEpoch..], PartitionLeaderEpoch.Value);
        batch[BatchFormat.Magic] = BatchFormat.CurrentMagic;
        BinaryPrimitives.WriteInt16BigEndian(batch[BatchFormat.Attributes..], Attributes.With(options.Compression).Bits);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchFormat.LastOffsetDelta..], _lastOffsetDelta);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchFormat.BaseTimestamp..], _baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchFormat.MaxTimestamp..], MaxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchFormat.ProducerId..], Producer.Id.Value);
        BinaryPrimitives.WriteInt16BigEndian(batch[BatchFormat.ProducerEpoch..], Producer.Epoch.Value);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchFormat.BaseSequence..], Producer.BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchFormat.RecordCount..], Count);
        BinaryPrimitives.WriteUInt32BigEndian(batch[BatchFormat.Crc..], Crc32C.Compute(batch[BatchFormat.CrcStart..]));
    }

    private void ThrowIfSealed()
    {
        if (!_sealed.IsEmpty)
        {
            throw new InvalidOperationException("the batch is sealed");
        }
    }

    private static long PartSize(NullableBytes part) => part.IsNull ? 1 : ZigZag.Size(part.Length) + (long)part.Length;

    private static int WritePart(Span<byte> target, NullableBytes part)
    {
        if (part.IsNull)
        {
            return ZigZag.Write(target, -1);
        }

        int written = ZigZag.Write(target, part.Length);
        part.Span.CopyTo(target[written..]);
        return written + part.Length;
    }

    private static long HeadersSize(ReadOnlySpan<RecordHeader> headers)
    {
        long size = ZigZag.Size(headers.Length);
        foreach (ref readonly RecordHeader next in headers)
        {
            int key = next.NameSize;
            size += ZigZag.Size(key) + key + PartSize(next.Value);
        }

        return size;
    }
}
