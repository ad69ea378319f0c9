namespace RaftLog.Coordination.Groups;

/// <summary>What holds for one consumer group (KIP-848); the defaults are those of Kafka 4.3.</summary>
public sealed record ConsumerGroupSettings
{
    /// <summary><c>group.consumer.session.timeout.ms</c>, <c>consumer.session.timeout.ms</c>.</summary>
    public int SessionTimeoutMs { get; init; } = 45_000;

    /// <summary><c>group.consumer.heartbeat.interval.ms</c>, <c>consumer.heartbeat.interval.ms</c>.</summary>
    public int HeartbeatIntervalMs { get; init; } = 5_000;

    /// <summary><c>group.consumer.max.size</c>: the most members of a group.</summary>
    public int MaxSize { get; init; } = int.MaxValue;

    /// <summary>
    /// <c>group.consumer.assignment.interval.ms</c>, <c>consumer.assignment.interval.ms</c>: the shortest time from one assignment to the
    /// next.
    /// </summary>
    public int AssignmentIntervalMs { get; init; } = 1_000;

    /// <summary><c>group.consumer.regex.refresh.interval.ms</c>: the longest time that a regular expression is not matched again.</summary>
    public int RegexRefreshIntervalMs { get; init; } = 600_000;

    /// <summary><c>group.consumer.migration.policy</c>: which live conversions between classic and consumer groups are allowed.</summary>
    public GroupMigrationPolicy MigrationPolicy { get; init; } = GroupMigrationPolicy.Bidirectional;

    /// <summary><c>group.consumer.assignors</c>: the assignors that members may ask for, the default first.</summary>
    public IReadOnlyList<string> Assignors { get; init; } = ["uniform", "range"];
}
