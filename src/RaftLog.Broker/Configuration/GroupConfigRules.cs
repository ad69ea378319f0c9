using System.Collections.Immutable;
using RaftLog.Protocol;

namespace RaftLog.Broker.Configuration;

/// <summary>
/// Decides whether a group may be configured so: values of the right form, within the bounds that the node's keys set
/// (<c>group.consumer.min.session.timeout.ms</c> for <c>consumer.session.timeout.ms</c>), and sessions longer than heartbeats. The words
/// are Kafka's.
/// </summary>
public static class GroupConfigRules
{
    private const string Session = ".session.timeout.ms";
    private const string Heartbeat = ".heartbeat.interval.ms";

    /// <summary>Checks the whole configuration that a group would have of its own.</summary>
    /// <returns><see cref="ErrorCode.None"/> and null, or <see cref="ErrorCode.InvalidConfig"/> and what is wrong.</returns>
    public static (ErrorCode Error, string? Message) Check(
        IReadOnlyDictionary<string, string> overrides,
        BrokerConfigs broker,
        DynamicConfigs dynamic
    )
    {
        ImmutableArray<string> keys = [.. overrides.Keys.Order(StringComparer.Ordinal)];
        string? rejection = keys.Where(key => !ConfigDefinitions.Group.TryGet(key, out _))
            .Select(key => $"Unknown group config name: {key}")
            .Concat(
                keys.Select(key =>
                    ConfigDefinitions.Group.TryGet(key, out ConfigDefinition? known) ? known.Check(overrides[key])?.ForKey(key) : null
                )
            )
            .Concat(keys.Select(key => RejectBounds(key, overrides[key], broker, dynamic)))
            .Concat(
                keys.Where(key => key.EndsWith(Session, StringComparison.Ordinal) || key.EndsWith(Heartbeat, StringComparison.Ordinal))
                    .Select(key => RejectPace(key[..key.IndexOf('.')], overrides, broker, dynamic))
            )
            .FirstOrDefault(each => each is not null);
        return (rejection is null ? ErrorCode.None : ErrorCode.InvalidConfig, rejection);
    }

    private static string? RejectBounds(string key, string text, BrokerConfigs broker, DynamicConfigs dynamic)
    {
        if (!ConfigText.TryLong(text, out long value))
        {
            return null;
        }

        int dot = key.IndexOf('.');
        string kind = key[..dot];
        string bounded = key[(dot + 1)..];
        bounded = bounded.StartsWith("num.", StringComparison.Ordinal) ? bounded["num.".Length..] : bounded;
        string least = $"group.{kind}.min.{bounded}";
        string most = $"group.{kind}.max.{bounded}";
        return Bound(least) is { } lowest && value < lowest ? $"{key} must be greater than or equal to {least}"
            : Bound(most) is { } highest && value > highest ? $"{key} must be less than or equal to {most}"
            : null;

        long? Bound(string name) => ConfigText.TryLong(broker.Value(name, dynamic) ?? "", out long bound) ? bound : null;
    }

    private static string? RejectPace(
        string kind,
        IReadOnlyDictionary<string, string> overrides,
        BrokerConfigs broker,
        DynamicConfigs dynamic
    )
    {
        bool isPaced =
            !ConfigText.TryLong(ResourceConfigs.Group.Value(kind + Session, overrides, broker, dynamic) ?? "", out long session)
            || !ConfigText.TryLong(ResourceConfigs.Group.Value(kind + Heartbeat, overrides, broker, dynamic) ?? "", out long heartbeat)
            || session > heartbeat;
        return isPaced ? null : $"{kind}{Session} must be greater than {kind}{Heartbeat}";
    }
}
