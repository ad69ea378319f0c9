using System.Buffers.Binary;

namespace RaftLog.Protocol.Records;

/// <summary>
/// A record batch that may be changed in place. The leader's own fields lie outside the checksum, so assigning offsets costs two stores;
/// every other change computes the checksum anew.
/// </summary>
public readonly ref struct MutableRecordBatch
{
    private readonly Span<byte> _bytes;

    internal MutableRecordBatch(Span<byte> bytes) => _bytes = bytes;

    /// <summary>The same batch to read.</summary>
    public RecordBatch Batch => new(_bytes);

    /// <inheritdoc cref="RecordBatch.Read" />
    public static BatchStatus Read(Span<byte> buffer, out MutableRecordBatch batch)
    {
        BatchStatus status = RecordBatch.Read(buffer, out RecordBatch view);
        batch = status == BatchStatus.Complete ? new(buffer[..view.Size]) : default;
        return status;
    }

    /// <summary>Places the batch in a log: the offset of its first record and the epoch of the leader that appends it.</summary>
    public void Assign(Offset baseOffset, LeaderEpoch leaderEpoch)
    {
        BinaryPrimitives.WriteInt64BigEndian(_bytes, baseOffset.Value);
        BinaryPrimitives.WriteInt32BigEndian(_bytes[BatchFormat.PartitionLeaderEpoch..], leaderEpoch.Value);
    }

    /// <summary>Sets timestamp type and maximum timestamp: the time of the append, or what a walk over the records found.</summary>
    /// <param name="type">Who set the timestamps.</param>
    /// <param name="maxTimestamp">Milliseconds since 1970.</param>
    public void SetMaxTimestamp(TimestampType type, long maxTimestamp)
    {
        RecordBatch batch = Batch;
        short attributes = batch.Attributes.With(type).Bits;
        if (attributes == batch.Attributes.Bits && maxTimestamp == batch.MaxTimestamp)
        {
            return;
        }

        BinaryPrimitives.WriteInt16BigEndian(_bytes[BatchFormat.Attributes..], attributes);
        BinaryPrimitives.WriteInt64BigEndian(_bytes[BatchFormat.MaxTimestamp..], maxTimestamp);
        Seal();
    }

    /// <summary>Sets producer, epoch and sequence, as an idempotent producer does once more after its epoch was raised (KIP-360).</summary>
    public void SetProducer(ProducerStamp producer)
    {
        BinaryPrimitives.WriteInt64BigEndian(_bytes[BatchFormat.ProducerId..], producer.Id.Value);
        BinaryPrimitives.WriteInt16BigEndian(_bytes[BatchFormat.ProducerEpoch..], producer.Epoch.Value);
        BinaryPrimitives.WriteInt32BigEndian(_bytes[BatchFormat.BaseSequence..], producer.BaseSequence);
        Seal();
    }

    private void Seal() => BinaryPrimitives.WriteUInt32BigEndian(_bytes[BatchFormat.Crc..], Crc32C.Compute(_bytes[BatchFormat.CrcStart..]));
}
