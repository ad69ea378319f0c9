namespace RaftLog.Broker.Configuration;

/// <summary>Groups of the consumer protocol (KIP-848).</summary>
/// <param name="SessionTimeoutMs"><c>group.consumer.session.timeout.ms</c>: silence after which a member is gone.</param>
/// <param name="MinSessionTimeoutMs"><c>group.consumer.min.session.timeout.ms</c>: bound for a group's own value.</param>
/// <param name="MaxSessionTimeoutMs"><c>group.consumer.max.session.timeout.ms</c>: bound for a group's own value.</param>
/// <param name="HeartbeatIntervalMs"><c>group.consumer.heartbeat.interval.ms</c>: how often a member reports.</param>
/// <param name="MinHeartbeatIntervalMs"><c>group.consumer.min.heartbeat.interval.ms</c>: bound for a group's own value.</param>
/// <param name="MaxHeartbeatIntervalMs"><c>group.consumer.max.heartbeat.interval.ms</c>: bound for a group's own value.</param>
/// <param name="MaxSize"><c>group.consumer.max.size</c>: members of a group.</param>
/// <param name="Assignors"><c>group.consumer.assignors</c>: server-side assignors, the default first.</param>
public sealed record ConsumerGroupSettings(
    int SessionTimeoutMs,
    int MinSessionTimeoutMs,
    int MaxSessionTimeoutMs,
    int HeartbeatIntervalMs,
    int MinHeartbeatIntervalMs,
    int MaxHeartbeatIntervalMs,
    int MaxSize,
    IReadOnlyList<string> Assignors)
{
    internal static ConsumerGroupSettings Read(SettingsReader settings) => new(
        settings.Int("group.consumer.session.timeout.ms"),
        settings.Int("group.consumer.min.session.timeout.ms"),
        settings.Int("group.consumer.max.session.timeout.ms"),
        settings.Int("group.consumer.heartbeat.interval.ms"),
        settings.Int("group.consumer.min.heartbeat.interval.ms"),
        settings.Int("group.consumer.max.heartbeat.interval.ms"),
        settings.Int("group.consumer.max.size"),
        settings.List("group.consumer.assignors"));
}
