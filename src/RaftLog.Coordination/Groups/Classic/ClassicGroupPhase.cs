namespace RaftLog.Coordination.Groups.Classic;

/// <summary>Where a classic group is; the names are those that DescribeGroups tells.</summary>
internal enum ClassicGroupPhase
{
    /// <summary>It has no members.</summary>
    Empty,

    /// <summary>It waits for all its members to join again.</summary>
    PreparingRebalance,

    /// <summary>It waits for the leader to share out the work.</summary>
    CompletingRebalance,

    /// <summary>All members have their work.</summary>
    Stable,
}
