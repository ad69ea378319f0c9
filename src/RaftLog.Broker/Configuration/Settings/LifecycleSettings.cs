namespace RaftLog.Broker.Configuration;

/// <summary>How brokers and controller keep in touch.</summary>
/// <param name="HeartbeatIntervalMs"><c>broker.heartbeat.interval.ms</c>: how often a broker reports.</param>
/// <param name="SessionTimeoutMs"><c>broker.session.timeout.ms</c>: silence after which it is fenced.</param>
/// <param name="ControlledShutdown"><c>controlled.shutdown.enable</c>: leaderships move away before a stop.</param>
/// <param name="RebalanceLeaders"><c>auto.leader.rebalance.enable</c>: preferred replicas get their leadership back.</param>
/// <param name="RebalanceIntervalSeconds"><c>leader.imbalance.check.interval.seconds</c>: how often.</param>
/// <param name="FencingProbe"><c>raftlog.fencing.probe.enable</c>: a controller connects to a broker whose connection has
/// ended, and fences it at once where nobody listens any more.</param>
public sealed record LifecycleSettings(
    int HeartbeatIntervalMs,
    int SessionTimeoutMs,
    bool ControlledShutdown,
    bool RebalanceLeaders,
    long RebalanceIntervalSeconds,
    bool FencingProbe
)
{
    internal static LifecycleSettings Read(SettingsReader settings) =>
        new(
            settings.Int("broker.heartbeat.interval.ms"),
            settings.Int("broker.session.timeout.ms"),
            settings.Boolean("controlled.shutdown.enable"),
            settings.Boolean("auto.leader.rebalance.enable"),
            settings.Long("leader.imbalance.check.interval.seconds"),
            settings.Boolean("raftlog.fencing.probe.enable")
        );
}
