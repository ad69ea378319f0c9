namespace RaftLog.Broker.Configuration;

/// <summary>
/// Where a configuration value comes from; the number stands in the response to DescribeConfigs. Lower ones win, unknown aside (KIP-226).
/// </summary>
public enum ConfigSource : sbyte
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
