namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>How far a member of a consumer group is on the way to its target; the numbers are those of the log.</summary>
internal enum ConsumerMemberState : sbyte
{
    /// <summary>It owns what it shall own.</summary>
    Stable = 0,

    /// <summary>It has to give up partitions first.</summary>
    UnrevokedPartitions = 1,

    /// <summary>It waits for partitions that others have to give up.</summary>
    UnreleasedPartitions = 2,
}
