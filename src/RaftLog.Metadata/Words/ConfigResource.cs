namespace RaftLog.Metadata;

/// <summary>What can have configuration values; the number is the resource type on the wire.</summary>
public enum ConfigResourceType : sbyte
{
    Unknown = 0,
    Topic = 2,
    Broker = 4,
    BrokerLogger = 8,
    ClientMetrics = 16,
    Group = 32,
}

/// <summary>One owner of configuration values.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Name">Its name: a topic's name, a broker's id in digits, or empty for the default of all brokers.</param>
public readonly record struct ConfigResource(ConfigResourceType Type, string Name) : IComparable<ConfigResource>
{
    /// <summary>The values that all brokers use unless they have their own.</summary>
    public static readonly ConfigResource AllBrokers = new(ConfigResourceType.Broker, "");

    /// <summary>The configuration of a topic.</summary>
    public static ConfigResource Topic(string name) => new(ConfigResourceType.Topic, name);

    /// <summary>Orders by type, then by name in ordinal order.</summary>
    public int CompareTo(ConfigResource other) => Type != other.Type ? Type.CompareTo(other.Type) : string.CompareOrdinal(Name, other.Name);

    /// <inheritdoc />
    public override string ToString() => $"{Type} '{Name}'";
}
