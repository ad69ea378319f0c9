using RaftLog.Protocol;

namespace RaftLog.Coordination.Offsets;

/// <summary>An offset that a group has committed for one partition.</summary>
/// <param name="Offset">The next offset to read.</param>
/// <param name="LeaderEpoch">The leader epoch of the last record that was read, or none.</param>
/// <param name="Metadata">What the client keeps with it.</param>
/// <param name="CommitTimestampMs">When it was committed, in milliseconds since 1970.</param>
/// <param name="ExpireTimestampMs">When it expires, in milliseconds since 1970; <see cref="NoExpiry"/> for the broker's own time.</param>
/// <param name="TopicId">The topic's id; zero when it is not known.</param>
/// <param name="RecordOffset">Where its record lies in the internal topic: of two commits the later one counts, whenever each takes
/// effect.</param>
internal readonly record struct CommittedOffset(
    Offset Offset,
    LeaderEpoch LeaderEpoch,
    string Metadata,
    long CommitTimestampMs,
    long ExpireTimestampMs,
    Uuid TopicId,
    Offset RecordOffset
)
{
    public const long NoExpiry = -1;

    /// <summary>False when it was committed for another topic of the same name, which has been deleted since.</summary>
    public bool IsOf(Uuid topicId) => topicId == Uuid.Zero || TopicId == Uuid.Zero || TopicId == topicId;
}
