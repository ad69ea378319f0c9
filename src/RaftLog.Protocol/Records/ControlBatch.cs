namespace RaftLog.Protocol.Records;

/// <summary>Writes batches of one control record.</summary>
public static class ControlBatch
{
    /// <summary>The bytes of a transaction marker.</summary>
    public const int MarkerSize = 78;

    /// <summary>
    /// Appends a transaction's commit or abort marker to an empty builder: transactional, control, without sequence (KIP-98).
    /// </summary>
    /// <param name="builder">An empty builder.</param>
    /// <param name="timestamp">Milliseconds since 1970.</param>
    /// <param name="type"><see cref="ControlRecordType.Commit"/> or <see cref="ControlRecordType.Abort"/>.</param>
    /// <param name="producer">Whose transaction ends; its sequence is ignored.</param>
    /// <param name="coordinatorEpoch">The epoch of the coordinator that decided.</param>
    public static void AppendMarker(
        RecordBatchBuilder builder,
        long timestamp,
        ControlRecordType type,
        ProducerStamp producer,
        LeaderEpoch coordinatorEpoch
    )
    {
        Span<byte> value = stackalloc byte[EndTransactionMarker.Size];
        new EndTransactionMarker(0, coordinatorEpoch).Write(value);
        builder.Producer = producer with { BaseSequence = ProducerStamp.NoSequence };
        builder.Attributes = builder.Attributes.AsTransactional();
        if (!builder.TryAppendControl(timestamp, type, value))
        {
            throw new ArgumentException($"a transaction marker needs {MarkerSize} bytes", nameof(builder));
        }
    }
}
