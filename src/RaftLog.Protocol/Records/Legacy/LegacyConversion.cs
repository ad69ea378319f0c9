using System.Buffers.Binary;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Records;

/// <summary>
/// Makes batches of format 2 of entries of formats 0 and 1: the same records with the same offsets, times and codec, without producer and
/// epoch. Compaction writes them so, as Kafka's does, and readers of records need to know one format only.
/// </summary>
public static class LegacyConversion
{
    private const byte NoHeaders = 0;

    /// <summary>True when the first batch of the bytes is of format 0 or 1. A log has all of those before the first of format 2.</summary>
    public static bool IsNeeded(ReadOnlySpan<byte> batches) => LegacyMessage.TryReadHeader(batches, out _, out _);

    /// <summary>Copies batches, those of format 2 as they are, and ends before the first bytes that are no whole batch.</summary>
    /// <param name="batches">Whole batches, from anyone.</param>
    /// <param name="limit">The most plain bytes of one wrapper.</param>
    /// <param name="target">Takes batches of format 2.</param>
    /// <exception cref="UnsupportedCompressionException">The codec of a wrapper does not exist.</exception>
    /// <exception cref="ProtocolException">An entry is damaged, or a limit is reached.</exception>
    public static void Convert(ReadOnlySpan<byte> batches, int limit, PooledByteWriter target)
    {
        while (LegacyMessage.Read(batches, out LegacyMessage message) == BatchStatus.Complete)
        {
            Convert(message, limit, target);
            batches = batches[message.Size..];
        }

        RecordBatches rest = new(batches);
        while (rest.MoveNext()) { }

        target.Write(batches[..rest.Position]);
    }

    /// <summary>Writes one entry, a record or a wrapper, as a batch.</summary>
    /// <param name="message">The entry.</param>
    /// <param name="limit">The most plain bytes of a wrapper.</param>
    /// <param name="target">Takes the batch.</param>
    /// <exception cref="UnsupportedCompressionException">The codec does not exist.</exception>
    /// <exception cref="ProtocolException">The entry is damaged, or a limit is reached.</exception>
    public static void Convert(LegacyMessage message, int limit, PooledByteWriter target)
    {
        if (!message.HasValidChecksum)
        {
            throw Damaged(message, "does not match its checksum");
        }

        using PooledByteWriter plain = new(limit);
        ReadOnlySpan<byte> entries = message.Bytes;
        if (message.IsWrapper)
        {
            message.TryReadParts(out _, out NullableBytes value);
            Decompress(message, value.Span, plain);
            entries = plain.Written;
        }

        Write(message, entries, Shift(message, entries), target);
    }

    /// <summary>The first offset of an entry: that of a wrapper's first record.</summary>
    /// <param name="message">The entry.</param>
    /// <param name="limit">The most plain bytes of a wrapper.</param>
    /// <exception cref="UnsupportedCompressionException">The codec does not exist.</exception>
    /// <exception cref="ProtocolException">The entry is damaged, or a limit is reached.</exception>
    public static Offset FirstOffset(LegacyMessage message, int limit)
    {
        if (!message.IsWrapper)
        {
            return message.Offset;
        }

        using PooledByteWriter batch = new(int.MaxValue);
        Convert(message, limit, batch);
        RecordBatch.Read(batch.Written, out RecordBatch converted);
        return converted.BaseOffset;
    }

    private static void Decompress(LegacyMessage wrapper, ReadOnlySpan<byte> value, PooledByteWriter plain)
    {
        if (wrapper.Attributes.Compression == CompressionType.Lz4 && wrapper.Format == 0)
        {
            // Clients of that time computed the checksum of the frame's head over the wrong bytes (KAFKA-3160).
            Lz4Frame.Decompress(value, plain, checksHead: false);
            return;
        }

        RecordCompression.Decompress(wrapper.Attributes.Compression, value, plain);
    }

    /// <summary>What is added to the offsets of the entries: those inside a wrapper of format 1 count from the first.</summary>
    private static long Shift(LegacyMessage message, ReadOnlySpan<byte> entries)
    {
        if (!message.IsWrapper || message.Format == 0)
        {
            return 0;
        }

        long last = 0;
        while (LegacyMessage.Read(entries, out LegacyMessage entry) == BatchStatus.Complete)
        {
            last = entry.Offset.Value;
            entries = entries[entry.Size..];
        }

        return message.Offset.Value - last;
    }

    private static void Write(LegacyMessage message, ReadOnlySpan<byte> entries, long shift, PooledByteWriter target)
    {
        bool isAppendTime = message.Attributes.TimestampType == TimestampType.LogAppendTime;
        using PooledByteWriter records = new(int.MaxValue);
        Offset first = Offset.None;
        Offset next = Offset.Zero;
        long baseTimestamp = 0;
        long maxTimestamp = RecordBatch.NoTimestamp;
        int count = 0;
        while (!entries.IsEmpty)
        {
            if (
                LegacyMessage.Read(entries, out LegacyMessage entry) != BatchStatus.Complete
                || !entry.TryReadParts(out NullableBytes key, out NullableBytes value)
                || (message.IsWrapper && entry.IsWrapper)
            )
            {
                throw Damaged(message, "holds what is no record");
            }

            Offset offset = entry.Offset + shift;
            long timestamp = isAppendTime ? message.Timestamp : entry.Timestamp;
            if (count == 0)
            {
                first = offset;
                baseTimestamp = timestamp;
            }

            if (offset < next || offset > message.Offset || offset - first > int.MaxValue)
            {
                throw Damaged(message, $"holds offset {offset} out of order");
            }

            WriteRecord(records, timestamp - baseTimestamp, (int)(offset - first), key, value);
            maxTimestamp = Math.Max(maxTimestamp, timestamp);
            next = offset + 1;
            count++;
            entries = entries[entry.Size..];
        }

        if (count == 0)
        {
            throw Damaged(message, "holds no record");
        }

        int start = target.Length;
        target.GetSpan(RecordBatch.HeaderSize)[..RecordBatch.HeaderSize].Clear();
        target.Advance(RecordBatch.HeaderSize);
        RecordCompression.Compress(message.Attributes.Compression, RecordCompression.DefaultLevel, records.Written, target);
        Span<byte> batch = target.Written[start..];
        new MutableRecordBatch(batch).Assign(first, LeaderEpoch.None);
        batch[BatchFormat.Magic] = BatchFormat.CurrentMagic;
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchFormat.LastOffsetDelta..], (int)(message.Offset - first));
        new MutableRecordBatch(batch).SetProducer(ProducerStamp.None);
        BatchRewriter.Finish(batch, message.Attributes, baseTimestamp, maxTimestamp, count);
    }

    private static void WriteRecord(PooledByteWriter target, long timestampDelta, int offsetDelta, NullableBytes key, NullableBytes value)
    {
        int keyLength = key.IsNull ? -1 : key.Length;
        int valueLength = value.IsNull ? -1 : value.Length;
        int body =
            1
            + ZigZag.Size(timestampDelta)
            + ZigZag.Size(offsetDelta)
            + ZigZag.Size(keyLength)
            + key.Length
            + ZigZag.Size(valueLength)
            + value.Length
            + 1;
        Span<byte> span = target.GetSpan(ZigZag.Size(body) + body);
        int at = ZigZag.Write(span, body);
        span[at++] = 0;
        at += ZigZag.Write(span[at..], timestampDelta);
        at += ZigZag.Write(span[at..], offsetDelta);
        at += ZigZag.Write(span[at..], keyLength);
        key.Span.CopyTo(span[at..]);
        at += key.Length;
        at += ZigZag.Write(span[at..], valueLength);
        value.Span.CopyTo(span[at..]);
        at += value.Length;
        span[at++] = NoHeaders;
        target.Advance(at);
    }

    private static ProtocolException Damaged(LegacyMessage message, string what) =>
        new($"an entry of format {message.Format} at offset {message.Offset} {what}");
}
