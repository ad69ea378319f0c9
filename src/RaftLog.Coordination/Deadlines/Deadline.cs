namespace RaftLog.Coordination.Deadlines;

/// <summary>Something that is due at a time unless it is set to another one first.</summary>
/// <param name="kind">What is due.</param>
/// <param name="groupId">The group that it is about; empty for all.</param>
/// <param name="memberId">The member that it is about; empty for the group itself.</param>
internal sealed class Deadline(DeadlineKind kind, string groupId = "", string memberId = "")
{
    public const long Never = long.MaxValue;

    public DeadlineKind Kind => kind;

    public string GroupId => groupId;

    public string MemberId => memberId;

    /// <summary>When it is due, in monotonic milliseconds; <see cref="Never"/> when it is not set.</summary>
    public long DueMs { get; set; } = Never;

    /// <summary>The time of its one valid entry in the queue; <see cref="Never"/> when it has none.</summary>
    public long QueuedMs { get; set; } = Never;

    public bool IsSet => DueMs != Never;
}
