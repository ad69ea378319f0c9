using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>What clients did with one compacted partition, and what readers from its beginning saw.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Sends">Every send to it.</param>
/// <param name="Reads">Every reader that came from its beginning to its end.</param>
public sealed record KeyedHistory(TopicPartition Partition, IReadOnlyList<KeyedSend> Sends, IReadOnlyList<KeyedRead> Reads)
{
    /// <summary>
    /// How long a tombstone stays (<c>delete.retention.ms</c>). A replica that was away for longer may keep, for ever, the record that one
    /// deleted: Kafka promises no more. So who begins to read later than that may see it.
    /// </summary>
    public TimeSpan TombstonesStay { get; init; }
}
