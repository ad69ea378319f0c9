namespace RaftLog.Broker.Configuration;

/// <summary>
/// What values of a node's keys may be beyond their types and ranges: limits that span two keys, and forms that no range describes. They
/// hold for a node's file and for what is set on the running cluster.
/// </summary>
internal static class BrokerConfigLimits
{
    private const long LeastBytesPerCleaner = 1 << 20;

    private static readonly Limit[] All =
    [
        new(
            "log.retention.ms",
            [],
            static values => values.Long("log.retention.ms") == 0 ? "it must be unlimited (-1), or 1 or more" : null,
            "set -1, or 1 or more"
        ),
        new(
            "log.roll.ms",
            [],
            static values => values.Long("log.roll.ms") < 1 ? "it must be greater than or equal to 1" : null,
            "set 1 or more"
        ),
        new(
            "log.roll.jitter.ms",
            [],
            static values => values.Long("log.roll.jitter.ms") < 0 ? "it must be greater than or equal to 0" : null,
            "set 0 or more"
        ),
        new(
            LogMaintenanceSettings.CleanerThreads,
            [],
            static values => values.Long(LogMaintenanceSettings.CleanerThreads) < 1 ? "it must be greater than or equal to 1" : null,
            "set 1 or more; log.cleaner.enable=false compacts nothing"
        ),
        new(
            LogMaintenanceSettings.CleanerBuffer,
            [LogMaintenanceSettings.CleanerThreads],
            static values =>
                values.Long(LogMaintenanceSettings.CleanerThreads) is { } threads and > 0
                && values.Long(LogMaintenanceSettings.CleanerBuffer) / threads <= LeastBytesPerCleaner
                    ? $"it must be at least 1MB per cleaner thread, and {LogMaintenanceSettings.CleanerThreads} is {threads}"
                    : null,
            $"set more than {LeastBytesPerCleaner} for each thread, or fewer threads"
        ),
        new(
            ConnectionLimits.OverridesKey,
            [],
            static values => ConnectionLimits.RejectOverrides(values.Text(ConnectionLimits.OverridesKey) ?? ""),
            "set ADDRESS:CONNECTIONS, comma-separated, as 10.0.0.7:200"
        ),
        new(
            ConnectionLimits.PerAddressKey,
            [ConnectionLimits.OverridesKey],
            static values =>
                values.Long(ConnectionLimits.PerAddressKey) == 0
                && string.IsNullOrWhiteSpace(values.Text(ConnectionLimits.OverridesKey) ?? "")
                    ? $"it can be set to zero only if {ConnectionLimits.OverridesKey} is set, since no client could connect"
                    : null,
            $"set 1 or more, or {ConnectionLimits.OverridesKey}"
        ),
        new(
            "group.consumer.assignment.interval.ms",
            ["group.consumer.min.assignment.interval.ms", "group.consumer.max.assignment.interval.ms"],
            static values =>
                values.Long("group.consumer.assignment.interval.ms") is not { } interval ? null
                : interval < values.Long("group.consumer.min.assignment.interval.ms")
                    ? "it must be greater than or equal to group.consumer.min.assignment.interval.ms"
                : interval > values.Long("group.consumer.max.assignment.interval.ms")
                    ? "it must be less than or equal to group.consumer.max.assignment.interval.ms"
                : null,
            "set a value between them"
        ),
    ];

    /// <summary>The limits that values do not keep.</summary>
    /// <param name="valueOf">The value in force for a key, as text; null for unset.</param>
    /// <param name="changed">True for a key that is being set; limits on others are passed over.</param>
    public static IEnumerable<(string Key, string Reason, string Fix)> Broken(Func<string, string?> valueOf, Func<string, bool> changed)
    {
        Values values = new(valueOf);
        foreach (Limit limit in All)
        {
            if ((changed(limit.Key) || limit.With.Any(changed)) && limit.Reject(values) is { } reason)
            {
                yield return (limit.Key, reason, limit.Fix);
            }
        }
    }

    /// <summary>One limit.</summary>
    /// <param name="Key">The key that it is on.</param>
    /// <param name="With">The other keys that it depends on.</param>
    /// <param name="Reject">What is wrong with the values; null when nothing is.</param>
    /// <param name="Fix">What to do.</param>
    private sealed record Limit(string Key, string[] With, Func<Values, string?> Reject, string Fix);

    private sealed class Values(Func<string, string?> valueOf)
    {
        public string? Text(string key) => valueOf(key);

        /// <summary>Null for unset, and for what is no number, which is said elsewhere.</summary>
        public long? Long(string key) => ConfigText.TryLong(valueOf(key) ?? "", out long value) ? value : null;
    }
}
