namespace RaftLog.Client.Admin;

/// <summary>Something that has configuration.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Name">The topic, node id, subscription or group; empty for the default of all brokers.</param>
public readonly record struct ConfigResource(ConfigResourceType Type, string Name)
{
    /// <inheritdoc />
    public override string ToString() => Name.Length == 0 ? $"{Type} (default)" : $"{Type} {Name}";
}

/// <summary>What has configuration; the number stands on the wire.</summary>
public enum ConfigResourceType : sbyte
{
    Topic = 2,
    Broker = 4,
    BrokerLogger = 8,
    ClientMetrics = 16,
    Group = 32,
}
