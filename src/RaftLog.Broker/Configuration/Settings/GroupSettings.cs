using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Offsets;

namespace RaftLog.Broker.Configuration;

/// <summary>The group coordinator, as the node's file sets it.</summary>
/// <param name="Classic"><c>group.max.size</c>, <c>group.min.session.timeout.ms</c>, <c>group.max.session.timeout.ms</c>,
/// <c>group.initial.rebalance.delay.ms</c>.</param>
/// <param name="Offsets"><c>offset.metadata.max.bytes</c>, <c>offsets.retention.minutes</c>,
/// <c>offsets.retention.check.interval.ms</c>.</param>
/// <param name="Consumer"><c>group.consumer.max.size</c>, <c>group.consumer.migration.policy</c>, <c>group.consumer.assignors</c>; what can
/// be set on the running cluster, and for single groups, has Kafka's defaults here.</param>
/// <param name="CommitTimeoutMs"><c>offsets.commit.timeout.ms</c>: how long a response waits until what it rests on is committed.</param>
/// <param name="ServesConsumerProtocol"><c>group.coordinator.rebalance.protocols</c> has <c>consumer</c>.</param>
public sealed record GroupSettings(
    ClassicGroupSettings Classic,
    OffsetSettings Offsets,
    ConsumerGroupSettings Consumer,
    int CommitTimeoutMs,
    bool ServesConsumerProtocol
)
{
    private const long MillisecondsPerMinute = 60_000;

    internal static GroupSettings Read(SettingsReader settings) =>
        new(
            new ClassicGroupSettings
            {
                MaxSize = settings.Int("group.max.size"),
                MinSessionTimeoutMs = settings.Int("group.min.session.timeout.ms"),
                MaxSessionTimeoutMs = settings.Int("group.max.session.timeout.ms"),
                InitialRebalanceDelayMs = settings.Int("group.initial.rebalance.delay.ms"),
            },
            new OffsetSettings
            {
                MetadataMaxLength = settings.Int("offset.metadata.max.bytes"),
                RetentionMs = settings.Int("offsets.retention.minutes") * MillisecondsPerMinute,
                RetentionCheckIntervalMs = settings.Long("offsets.retention.check.interval.ms"),
            },
            new ConsumerGroupSettings
            {
                SessionTimeoutMs = settings.Int("group.consumer.session.timeout.ms"),
                HeartbeatIntervalMs = settings.Int("group.consumer.heartbeat.interval.ms"),
                AssignmentIntervalMs = settings.Int("group.consumer.assignment.interval.ms"),
                MaxSize = settings.Int("group.consumer.max.size"),
                MigrationPolicy = Enum.Parse<GroupMigrationPolicy>(settings.Text("group.consumer.migration.policy")!, ignoreCase: true),
                Assignors = settings.List("group.consumer.assignors"),
            },
            settings.Int("offsets.commit.timeout.ms"),
            settings.List("group.coordinator.rebalance.protocols").Contains("consumer")
        );
}
