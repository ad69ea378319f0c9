namespace RaftLog.Coordination.Deadlines;

/// <summary>What is due at a deadline of the group coordinator.</summary>
internal enum DeadlineKind
{
    /// <summary>Offsets that have expired are looked for.</summary>
    OffsetExpiry,

    /// <summary>The session of a member of a classic group ends.</summary>
    ClassicSession,

    /// <summary>A member id that was given out, but never joined with, is forgotten.</summary>
    ClassicPendingMember,

    /// <summary>The join phase of a classic group ends.</summary>
    ClassicJoin,

    /// <summary>The members that have not asked for their assignment are taken out of a classic group.</summary>
    ClassicSync,

    /// <summary>The session of a member of a consumer group ends.</summary>
    ConsumerSession,

    /// <summary>A member of a consumer group has not given up its partitions in time.</summary>
    ConsumerRebalance,
}
