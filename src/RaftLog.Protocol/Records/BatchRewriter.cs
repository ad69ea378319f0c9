using System.Buffers.Binary;
using RaftLog.Protocol.Compression;

namespace RaftLog.Protocol.Records;

/// <summary>
/// Writes a batch of a log anew with some of its records, as compaction does: it covers the same offsets, keeps producer, epochs, codec and
/// flags, and the records keep offset and timestamp. A delete horizon (KIP-534) takes the place of the base timestamp. Reused from batch to
/// batch; one thread at a time.
/// </summary>
/// <param name="limit">The most plain bytes of a batch.</param>
public sealed class BatchRewriter(int limit) : IDisposable
{
    private readonly PooledByteWriter _plain = new(limit);

    /// <summary>Where records go: to the batch itself, or where they are to be compressed first.</summary>
    private PooledByteWriter? _records;
    private PooledByteWriter? _target;
    private int _start;
    private long _baseTimestamp;
    private long _maxTimestamp;

    /// <summary>The number of records so far.</summary>
    public int Count { get; private set; }

    /// <summary>Writes a batch that covers the offsets of another and has no record left: it keeps what is known of its producer.</summary>
    public static void WriteEmpty(RecordBatch source, PooledByteWriter target)
    {
        int start = target.Length;
        target.Write(source.Bytes[..RecordBatch.HeaderSize]);
        Finish(
            target.Written[start..],
            source.Attributes.With(CompressionType.None).WithDeleteHorizon(false),
            RecordBatch.NoTimestamp,
            source.MaxTimestamp,
            count: 0
        );
    }

    /// <summary>Begins with another batch; nothing of it is kept yet.</summary>
    /// <param name="target">Where it goes, as soon as something is kept. Nothing else is written there until <see cref="Write"/>.</param>
    public void Reset(PooledByteWriter target)
    {
        _plain.Clear();
        _target = target;
        Count = 0;
    }

    /// <summary>Keeps a record of the source.</summary>
    /// <param name="source">The batch.</param>
    /// <param name="section">Its plain records.</param>
    /// <param name="record">The record.</param>
    /// <param name="deleteHorizonMs">What is to take the place of the base timestamp; null for nothing. The same for all records of a
    /// batch.</param>
    public void Keep(RecordBatch source, ReadOnlySpan<byte> section, in RecordLayout record, long? deleteHorizonMs)
    {
        bool isAppendTime = source.Attributes.TimestampType == TimestampType.LogAppendTime;
        long timestamp = isAppendTime ? source.MaxTimestamp : source.BaseTimestamp + record.TimestampDelta;
        if (Count == 0)
        {
            Begin(source);
            _baseTimestamp = deleteHorizonMs ?? timestamp;
            _maxTimestamp = timestamp;
        }

        long delta = timestamp - _baseTimestamp;
        ReadOnlySpan<byte> rest = section[record.KeyLengthStart..record.End];
        int body = 1 + ZigZag.Size(delta) + ZigZag.Size(record.OffsetDelta) + rest.Length;
        PooledByteWriter records = _records!;
        Span<byte> target = records.GetSpan(ZigZag.Size(body) + body);
        int written = ZigZag.Write(target, body);
        target[written++] = 0;
        written += ZigZag.Write(target[written..], delta);
        written += ZigZag.Write(target[written..], record.OffsetDelta);
        rest.CopyTo(target[written..]);
        records.Advance(written + rest.Length);
        _maxTimestamp = Math.Max(_maxTimestamp, timestamp);
        Count++;
    }

    /// <summary>Writes the batch with the records that were kept, at least one.</summary>
    /// <param name="source">The batch.</param>
    /// <param name="hasDeleteHorizon">The base timestamp is a delete horizon.</param>
    public void Write(RecordBatch source, bool hasDeleteHorizon)
    {
        PooledByteWriter target = _target!;
        if (_records == _plain)
        {
            RecordCompression.Compress(source.Attributes.Compression, RecordCompression.DefaultLevel, _plain.Written, target);
        }

        Finish(target.Written[_start..], source.Attributes.WithDeleteHorizon(hasDeleteHorizon), _baseTimestamp, _maxTimestamp, Count);
    }

    /// <inheritdoc />
    public void Dispose() => _plain.Dispose();

    private void Begin(RecordBatch source)
    {
        _start = _target!.Length;
        _target.Write(source.Bytes[..RecordBatch.HeaderSize]);
        _records = source.Attributes.Compression == CompressionType.None ? _target : _plain;
    }

    /// <summary>Fills in what depends on the records, and the checksum.</summary>
    internal static void Finish(Span<byte> batch, BatchAttributes attributes, long baseTimestamp, long maxTimestamp, int count)
    {
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchFormat.BatchLength..], batch.Length - BatchFormat.LengthEnd);
        BinaryPrimitives.WriteInt16BigEndian(batch[BatchFormat.Attributes..], attributes.Bits);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchFormat.BaseTimestamp..], baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchFormat.MaxTimestamp..], maxTimestamp);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchFormat.RecordCount..], count);
        BinaryPrimitives.WriteUInt32BigEndian(batch[BatchFormat.Crc..], Crc32C.Compute(batch[BatchFormat.CrcStart..]));
    }
}
