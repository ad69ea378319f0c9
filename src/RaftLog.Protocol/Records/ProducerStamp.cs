namespace RaftLog.Protocol.Records;

/// <summary>Who produced a batch, and where it stands in that producer's sequence (KIP-98).</summary>
/// <param name="Id">The producer's id, or <see cref="ProducerId.None"/>.</param>
/// <param name="Epoch">The incarnation of the producer.</param>
/// <param name="BaseSequence">The sequence number of the first record, -1 for none.</param>
public readonly record struct ProducerStamp(ProducerId Id, ProducerEpoch Epoch, int BaseSequence)
{
    /// <summary>No sequence number.</summary>
    public const int NoSequence = -1;

    /// <summary>The producer is not idempotent.</summary>
    public static readonly ProducerStamp None = new(ProducerId.None, ProducerEpoch.None, NoSequence);

    /// <summary>The sequence number <paramref name="count"/> records after <paramref name="sequence"/>: after 2^31-1 follows 0.</summary>
    public static int Advance(int sequence, int count) =>
        sequence > int.MaxValue - count ? count - (int.MaxValue - sequence) - 1 : sequence + count;
}
