using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups;

/// <summary>A group of any type, as offsets and administration see it.</summary>
internal abstract class Group(string id)
{
    public string Id => id;

    /// <summary>Its type as ListGroups tells it.</summary>
    public abstract string TypeName { get; }

    /// <summary>Its state as ListGroups tells it.</summary>
    public abstract string StateName { get; }

    /// <summary>What its members do together; empty when that is not known.</summary>
    public abstract string ProtocolTypeName { get; }

    /// <summary>True when it has no members.</summary>
    public abstract bool IsEmpty { get; }

    /// <summary>NONE when the sender may commit offsets.</summary>
    public abstract ErrorCode ValidateCommit(in CommitSender sender);

    /// <summary>NONE when a sender that may commit may do so for this partition.</summary>
    public virtual ErrorCode ValidateCommit(in CommitSender sender, Uuid topicId, int partition) => ErrorCode.None;

    /// <summary>NONE when the reader may read committed offsets.</summary>
    /// <param name="memberId">The member, or null from outside of the group.</param>
    /// <param name="memberEpoch">Its epoch, or negative.</param>
    public abstract ErrorCode ValidateFetch(string? memberId, int memberEpoch);

    /// <summary>NONE when offsets of topics that nobody subscribes to may be deleted.</summary>
    public abstract ErrorCode ValidateOffsetDelete();

    /// <summary>True when a member subscribes to the topic, as far as that is known.</summary>
    public abstract bool IsSubscribedTo(string topic);

    /// <summary>Since when a committed offset has not been used, in milliseconds since 1970; null while it is in use.</summary>
    /// <param name="commitTimestampMs">When it was committed.</param>
    public abstract long? UnusedSinceMs(long commitTimestampMs);

    /// <summary>Appends what makes the group be forgotten; its offsets go by themselves.</summary>
    public abstract void AppendTombstones(Outbox outbox);
}
