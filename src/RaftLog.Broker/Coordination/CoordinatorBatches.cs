using RaftLog.Coordination;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Broker.Coordination;

/// <summary>Builds the batches that coordinators append to internal topics.</summary>
internal static class CoordinatorBatches
{
    /// <summary>
    /// The largest batch of one decision, in bytes: above what a request may bring (<c>socket.request.max.bytes</c>), with its records
    /// around it.
    /// </summary>
    private const int MaxBatchBytes = 256 * 1024 * 1024;

    /// <summary>
    /// One batch with the records of an outbox, which are committed together or not at all. Offset and leader epoch are assigned by the
    /// log.
    /// </summary>
    public static Memory<byte> Of(Outbox outbox, long timestampMs)
    {
        RecordBatchBuilder builder = new(new RecordBatchOptions(MaxBatchBytes));
        foreach (CoordinatorRecord record in outbox.Records)
        {
            NullableBytes value = record.Value is { } bytes ? bytes.Span : NullableBytes.Null;
            bool fits = builder.TryAppend(timestampMs, record.Key.Span, value);
            Invariant.Holds(
                fits,
                "B-09",
                $"a coordinator's decision of {outbox.Records.Count} records does not fit into {MaxBatchBytes} bytes"
            );
        }

        if (outbox.Producer.Id.IsPresent)
        {
            builder.Producer = outbox.Producer;
            builder.Attributes = builder.Attributes.AsTransactional();
        }

        return Take(builder);
    }

    /// <summary>The marker that ends a producer's transaction (KIP-98).</summary>
    public static Memory<byte> Marker(in TransactionMarker marker, long timestampMs)
    {
        RecordBatchBuilder builder = new(new RecordBatchOptions(ControlBatch.MarkerSize));
        ControlBatch.AppendMarker(
            builder,
            timestampMs,
            marker.IsCommit ? ControlRecordType.Commit : ControlRecordType.Abort,
            new ProducerStamp(marker.Producer, marker.Epoch, ProducerStamp.NoSequence),
            marker.CoordinatorEpoch
        );
        return Take(builder);
    }

    private static Memory<byte> Take(RecordBatchBuilder builder)
    {
        using (builder)
        {
            return builder.Seal().ToArray();
        }
    }
}
