namespace RaftLog.Broker.Configuration;

/// <summary>How many connections a node takes. They may be changed while it runs.</summary>
/// <param name="Total"><c>max.connections</c>: connections of all client listeners.</param>
/// <param name="PerAddress"><c>max.connections.per.ip</c>: connections from one address.</param>
public sealed record ConnectionLimits(int Total, int PerAddress)
{
    internal const string TotalKey = "max.connections";
    internal const string PerAddressKey = "max.connections.per.ip";

    /// <summary>The limits in force; a value that is none is passed over, as Kafka does with what it did not accept.</summary>
    public static ConnectionLimits Of(BrokerConfigs configs, DynamicConfigs dynamic) =>
        new(Read(TotalKey, configs, dynamic), Read(PerAddressKey, configs, dynamic));

    private static int Read(string key, BrokerConfigs configs, DynamicConfigs dynamic) =>
        configs.Value(key, dynamic) is { } text
        && ConfigDefinitions.Broker[key].Check(text) is null
        && ConfigText.TryLong(text, out long value)
            ? (int)value
            : int.MaxValue;
}
