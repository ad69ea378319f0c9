using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>One send.</summary>
/// <param name="Producer">Who sent it; the sends of one producer stand in a history in the order of the calls.</param>
/// <param name="Partition">Where to.</param>
/// <param name="Value">What.</param>
/// <param name="Outcome">What became of it, as far as the client knows.</param>
/// <param name="Offset">Where it stands, when acknowledged; <see cref="Protocol.Offset.None"/> when the answer did not say.</param>
public sealed record SentRecord(int Producer, TopicPartition Partition, RecordValue Value, SendOutcome Outcome, Offset Offset);
