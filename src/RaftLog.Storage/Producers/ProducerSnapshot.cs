using System.Buffers.Binary;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// Kafka's file form of producer states (version 1, CRC-32C over all after the checksum). Producers are written in the order of their ids.
/// </summary>
internal static class ProducerSnapshot
{
    private const short Version = 1;
    private const int CrcAt = 2;
    private const int BodyAt = 6;
    private const int HeaderSize = 10;
    private const int EntrySize = 46;

    /// <summary>The file's bytes.</summary>
    public static byte[] Format(IReadOnlyList<ProducerState> producers)
    {
        byte[] bytes = new byte[HeaderSize + (producers.Count * EntrySize)];
        BinaryPrimitives.WriteInt16BigEndian(bytes, Version);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(BodyAt), producers.Count);
        for (int i = 0; i < producers.Count; i++)
        {
            Span<byte> entry = bytes.AsSpan(HeaderSize + (i * EntrySize), EntrySize);
            ProducerState producer = producers[i];
            ProducedBatch last = producer.Last ?? new ProducedBatch(ProducerStamp.NoSequence, Offset.None, 0, producer.LastTimestamp);
            BinaryPrimitives.WriteInt64BigEndian(entry, producer.Id.Value);
            BinaryPrimitives.WriteInt16BigEndian(entry[8..], producer.Epoch.Value);
            BinaryPrimitives.WriteInt32BigEndian(entry[10..], last.LastSequence);
            BinaryPrimitives.WriteInt64BigEndian(entry[14..], last.LastOffset.Value);
            BinaryPrimitives.WriteInt32BigEndian(entry[22..], last.OffsetDelta);
            BinaryPrimitives.WriteInt64BigEndian(entry[26..], producer.LastTimestamp);
            BinaryPrimitives.WriteInt32BigEndian(entry[34..], producer.CoordinatorEpoch.Value);
            BinaryPrimitives.WriteInt64BigEndian(entry[38..], producer.TransactionStart.Value);
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(CrcAt), Crc32C.Compute(bytes.AsSpan(BodyAt)));
        return bytes;
    }

    /// <summary>Reads the file's bytes; null when they are not of this form or damaged.</summary>
    public static IReadOnlyList<ProducerState>? Parse(ReadOnlySpan<byte> bytes)
    {
        if (
            bytes.Length < HeaderSize
            || BinaryPrimitives.ReadInt16BigEndian(bytes) != Version
            || BinaryPrimitives.ReadUInt32BigEndian(bytes[CrcAt..]) != Crc32C.Compute(bytes[BodyAt..])
        )
        {
            return null;
        }

        int count = BinaryPrimitives.ReadInt32BigEndian(bytes[BodyAt..]);
        if (count < 0 || (long)count * EntrySize != bytes.Length - HeaderSize)
        {
            return null;
        }

        var producers = new List<ProducerState>(count);
        for (int i = 0; i < count; i++)
        {
            producers.Add(ReadEntry(bytes.Slice(HeaderSize + (i * EntrySize), EntrySize)));
        }

        return producers;
    }

    private static ProducerState ReadEntry(ReadOnlySpan<byte> entry)
    {
        var producer = new ProducerState(new ProducerId(BinaryPrimitives.ReadInt64BigEndian(entry)));
        producer.Enter(new ProducerEpoch(BinaryPrimitives.ReadInt16BigEndian(entry[8..])));
        int lastSequence = BinaryPrimitives.ReadInt32BigEndian(entry[10..]);
        var lastOffset = new Offset(BinaryPrimitives.ReadInt64BigEndian(entry[14..]));
        long timestamp = BinaryPrimitives.ReadInt64BigEndian(entry[26..]);
        if (lastOffset.Value >= 0)
        {
            producer.Add(new ProducedBatch(lastSequence, lastOffset, BinaryPrimitives.ReadInt32BigEndian(entry[22..]), timestamp));
        }

        producer.LastTimestamp = timestamp;
        producer.CoordinatorEpoch = new LeaderEpoch(BinaryPrimitives.ReadInt32BigEndian(entry[34..]));
        producer.TransactionStart = new Offset(BinaryPrimitives.ReadInt64BigEndian(entry[38..]));
        return producer;
    }
}
