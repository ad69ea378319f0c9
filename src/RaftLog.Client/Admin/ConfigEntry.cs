namespace RaftLog.Client.Admin;

/// <summary>One configuration value.</summary>
/// <param name="Name">The key.</param>
/// <param name="Value">The value; null when it is hidden.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="IsReadOnly">True when it cannot be changed while the node runs.</param>
/// <param name="IsSensitive">True when the value is a secret, and so hidden.</param>
public sealed record ConfigEntry(string Name, string? Value, ConfigEntrySource Source, bool IsReadOnly, bool IsSensitive);

/// <summary>The level that a configuration value comes from; the number stands on the wire.</summary>
public enum ConfigEntrySource : sbyte
{
    Unknown = 0,
    DynamicTopic = 1,
    DynamicBroker = 2,
    DynamicDefaultBroker = 3,
    StaticBroker = 4,
    Default = 5,
    DynamicBrokerLogger = 6,
    ClientMetrics = 7,
    Group = 8,
}
