namespace RaftLog.Coordination.Groups;

/// <summary>Which live conversions between classic and consumer groups are allowed (<c>group.consumer.migration.policy</c>).</summary>
public enum GroupMigrationPolicy
{
    /// <summary>None.</summary>
    Disabled,

    /// <summary>From classic to consumer.</summary>
    Upgrade,

    /// <summary>From consumer to classic.</summary>
    Downgrade,

    /// <summary>Both.</summary>
    Bidirectional,
}
