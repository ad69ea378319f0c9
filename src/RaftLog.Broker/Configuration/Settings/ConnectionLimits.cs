using System.Net;

namespace RaftLog.Broker.Configuration;

/// <summary>How many connections a node takes. They may be changed while it runs.</summary>
/// <param name="Total"><c>max.connections</c>: connections of all client listeners.</param>
/// <param name="PerAddress"><c>max.connections.per.ip</c>: connections from one address.</param>
public sealed record ConnectionLimits(int Total, int PerAddress)
{
    internal const string TotalKey = "max.connections";
    internal const string PerAddressKey = "max.connections.per.ip";
    internal const string OverridesKey = "max.connections.per.ip.overrides";

    /// <summary><c>max.connections.per.ip.overrides</c>: other limits for some addresses.</summary>
    public IReadOnlyDictionary<IPAddress, int> Overrides { get; init; } = new Dictionary<IPAddress, int>();

    /// <summary>The limits in force; a value that is none is passed over, as Kafka does with what it did not accept.</summary>
    public static ConnectionLimits Of(BrokerConfigs configs, DynamicConfigs dynamic) =>
        new(Read(TotalKey, configs, dynamic), Read(PerAddressKey, configs, dynamic))
        {
            Overrides = ReadOverrides(configs.Value(OverridesKey, dynamic) ?? "", out _),
        };

    /// <summary>How many connections one address may have.</summary>
    public int From(string address) =>
        Overrides.Count > 0 && IPAddress.TryParse(address, out IPAddress? parsed)
            ? Overrides.GetValueOrDefault(parsed, PerAddress)
            : PerAddress;

    /// <summary>What is wrong with limits of single addresses; null when nothing is.</summary>
    internal static string? RejectOverrides(string text)
    {
        _ = ReadOverrides(text, out string? wrong);
        return wrong is null ? null : $"'{wrong}' is no IP address with a number of connections behind a colon";
    }

    private static Dictionary<IPAddress, int> ReadOverrides(string text, out string? wrong)
    {
        Dictionary<IPAddress, int> overrides = [];
        wrong = null;
        foreach (string item in ConfigText.List(text))
        {
            int colon = item.LastIndexOf(':');
            if (
                colon > 0
                && IPAddress.TryParse(item.AsSpan(0, colon).Trim(), out IPAddress? address)
                && ConfigText.TryLong(item[(colon + 1)..], out long connections)
                && connections is >= 0 and <= int.MaxValue
            )
            {
                overrides[address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address] = (int)connections;
            }
            else
            {
                wrong ??= item;
            }
        }

        return overrides;
    }

    private static int Read(string key, BrokerConfigs configs, DynamicConfigs dynamic) =>
        configs.Value(key, dynamic) is { } text
        && ConfigDefinitions.Broker[key].Check(text) is null
        && ConfigText.TryLong(text, out long value)
            ? (int)value
            : int.MaxValue;
}
