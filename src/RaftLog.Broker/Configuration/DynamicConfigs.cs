namespace RaftLog.Broker.Configuration;

/// <summary>Values that were set on the running cluster, as the metadata image holds them.</summary>
/// <param name="Broker">Those of one broker.</param>
/// <param name="Default">Those of all brokers: resource type 4 with an empty name.</param>
public sealed record DynamicConfigs(IReadOnlyDictionary<string, string> Broker, IReadOnlyDictionary<string, string> Default)
{
    /// <summary>Nothing was set.</summary>
    public static readonly DynamicConfigs None = new(
        new Dictionary<string, string>(StringComparer.Ordinal),
        new Dictionary<string, string>(StringComparer.Ordinal)
    );
}
