namespace RaftLog.Coordination.Groups;

/// <summary>What holds for classic groups; the defaults are Kafka's.</summary>
public sealed record ClassicGroupSettings
{
    /// <summary><c>group.max.size</c>: the most members of a group.</summary>
    public int MaxSize { get; init; } = int.MaxValue;

    /// <summary><c>group.min.session.timeout.ms</c>: the shortest session that a member may ask for.</summary>
    public int MinSessionTimeoutMs { get; init; } = 6_000;

    /// <summary><c>group.max.session.timeout.ms</c>: the longest session that a member may ask for.</summary>
    public int MaxSessionTimeoutMs { get; init; } = 1_800_000;

    /// <summary>
    /// <c>group.initial.rebalance.delay.ms</c>: how long an empty group waits for more members before its first rebalance.
    /// </summary>
    public int InitialRebalanceDelayMs { get; init; } = 3_000;

    /// <summary>The most bytes of a record of the offsets topic: a group whose members say more cannot be stored.</summary>
    public int MaxRecordBytes { get; init; } = 1_000_000;
}
