using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>One send.</summary>
/// <param name="Producer">Who sent it; the sends of one producer stand in a history in the order of the calls.</param>
/// <param name="Partition">Where to.</param>
/// <param name="Value">What.</param>
/// <param name="Outcome">What became of it, as far as the client knows.</param>
/// <param name="Offset">Where it stands, when acknowledged; <see cref="Protocol.Offset.None"/> when the response did not say.</param>
public sealed record SentRecord(int Producer, TopicPartition Partition, RecordValue Value, SendOutcome Outcome, Offset Offset)
{
    /// <summary>When the call began, in microseconds of the run; null where nobody looked at the clock.</summary>
    public long? InvokedUs { get; init; }

    /// <summary>When its response was there; null without a response.</summary>
    public long? CompletedUs { get; init; }

    /// <summary>
    /// True for the control group: sent with acks=1 and without idempotence, so it may be lost, repeated or reordered, and its offset may
    /// get another record. What consumers see of it is judged as ever.
    /// </summary>
    public bool IsControl { get; init; }

    /// <summary>True when the batch left a gap in its producer's sequence numbers on purpose: it must be rejected.</summary>
    public bool LeavesGap { get; init; }

    /// <summary>The transaction that it belongs to (<see cref="ClientTransaction.Number"/>); null outside of one.</summary>
    public long? Transaction { get; init; }

    /// <summary>What it adds to an account; the records of one transaction add up to nothing. 0 where no accounts are kept.</summary>
    public long Amount { get; init; }

    /// <summary>The record that it was made from; null where it was made from none.</summary>
    public (TopicPartition Partition, Offset Offset)? Source { get; init; }
}
