using RaftLog.Protocol;

namespace RaftLog.Broker.Partitions;

/// <summary>One partition of a Produce request, as it comes to be appended.</summary>
/// <param name="Records">Exactly one batch, changed in place.</param>
internal readonly record struct BatchToAppend(Memory<byte> Records)
{
    /// <summary>Which slot of its request's <see cref="CommitWait"/> waits for it.</summary>
    public int Slot { get; init; }

    /// <summary>What was verified for a transactional batch; null where nothing had to be.</summary>
    public PartitionVerification? Verification { get; init; }

    /// <summary>
    /// Why an earlier batch of the same producer was rejected that has not come again; none where there is none. What stands behind it is
    /// no producer's first batch.
    /// </summary>
    public ErrorCode Behind { get; init; }
}
