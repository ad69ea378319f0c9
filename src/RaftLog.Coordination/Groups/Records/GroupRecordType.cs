namespace RaftLog.Coordination.Groups.Records;

/// <summary>
/// What a record of <c>__consumer_offsets</c> is about: the version that its key begins with. Others (share and streams groups) are
/// passed over.
/// </summary>
internal enum GroupRecordType : short
{
    /// <summary>A committed offset, in a form that is only read.</summary>
    LegacyOffsetCommit = 0,

    /// <summary>A committed offset.</summary>
    OffsetCommit = 1,

    /// <summary>A generation of a classic group.</summary>
    GroupMetadata = 2,

    /// <summary>A consumer group and its epoch.</summary>
    ConsumerGroupMetadata = 3,

    /// <summary>What a consumer group knew of its topics, in a form that is only read.</summary>
    ConsumerGroupPartitionMetadata = 4,

    /// <summary>A member of a consumer group.</summary>
    ConsumerGroupMemberMetadata = 5,

    /// <summary>The target assignment of a consumer group as a whole.</summary>
    ConsumerGroupTargetAssignmentMetadata = 6,

    /// <summary>The target assignment of a member.</summary>
    ConsumerGroupTargetAssignmentMember = 7,

    /// <summary>What a member owns.</summary>
    ConsumerGroupCurrentMemberAssignment = 8,

    /// <summary>The topics that a regular expression matches.</summary>
    ConsumerGroupRegularExpression = 16,
}
