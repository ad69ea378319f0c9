namespace RaftLog.Broker.Configuration;

/// <summary>Groups of the classic protocol.</summary>
/// <param name="MinSessionTimeoutMs"><c>group.min.session.timeout.ms</c>: shortest session timeout.</param>
/// <param name="MaxSessionTimeoutMs"><c>group.max.session.timeout.ms</c>: longest session timeout.</param>
/// <param name="MaxSize"><c>group.max.size</c>: members of a group.</param>
/// <param name="InitialRebalanceDelayMs"><c>group.initial.rebalance.delay.ms</c>: the first rebalance of a new group waits so long.</param>
public sealed record ClassicGroupSettings(
    int MinSessionTimeoutMs,
    int MaxSessionTimeoutMs,
    int MaxSize,
    int InitialRebalanceDelayMs)
{
    internal static ClassicGroupSettings Read(SettingsReader settings) => new(
        settings.Int("group.min.session.timeout.ms"),
        settings.Int("group.max.session.timeout.ms"),
        settings.Int("group.max.size"),
        settings.Int("group.initial.rebalance.delay.ms"));
}
