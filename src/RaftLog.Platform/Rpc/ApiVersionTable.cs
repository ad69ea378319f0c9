using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Platform.Rpc;

/// <summary>Which versions of each API a peer speaks, as its ApiVersions response says (KIP-35).</summary>
public sealed class ApiVersionTable
{
    private readonly (short Lowest, short Highest)[] _ranges;

    private readonly SortedDictionary<string, short> _features = new(StringComparer.Ordinal);

    private ApiVersionTable((short Lowest, short Highest)[] ranges) => _ranges = ranges;

    /// <summary>A peer of which nothing is known yet: it speaks nothing but what is asked with an explicit version.</summary>
    public static ApiVersionTable Empty { get; } = new([]);

    /// <summary>The peer's table. APIs that this program does not know are left out.</summary>
    public static ApiVersionTable From(ApiVersionsResponse response)
    {
        int count = 0;
        foreach (ApiVersionsResponse.ApiVersion api in response.ApiKeys)
        {
            if (ApiCatalog.TryFind((ApiKey)api.ApiKey, out _))
            {
                count = Math.Max(count, api.ApiKey + 1);
            }
        }

        (short, short)[] ranges = new (short, short)[count];
        Array.Fill(ranges, ((short)0, (short)-1));
        foreach (ApiVersionsResponse.ApiVersion api in response.ApiKeys)
        {
            if (api.ApiKey >= 0 && api.ApiKey < count)
            {
                ranges[api.ApiKey] = (api.MinVersion, api.MaxVersion);
            }
        }

        ApiVersionTable table = new(ranges);
        foreach (ApiVersionsResponse.FinalizedFeature feature in response.FinalizedFeatures)
        {
            table._features[feature.Name] = feature.MaxVersionLevel;
        }

        return table;
    }

    /// <summary>The level that the cluster had finalized for a feature when the peer responded (KIP-584); 0 where there is none.</summary>
    public short FeatureLevel(string feature) => _features.GetValueOrDefault(feature);

    /// <summary>
    /// The highest version that both sides speak and that is not above <paramref name="highest"/>; false when there is none.
    /// </summary>
    public bool TryChoose(ApiKey key, short highest, out short version)
    {
        version = -1;
        if (!ApiCatalog.TryFind(key, out ApiDescription? own))
        {
            return false;
        }

        (short Lowest, short Highest) peer = RangeOf(key);
        version = Math.Min(highest, Math.Min(own.HighestVersion, peer.Highest));
        return version >= own.LowestVersion && version >= peer.Lowest;
    }

    /// <summary>What the peer serves of an API, for people: <c>serves Fetch in versions 0 to 10</c>.</summary>
    public string Describe(ApiKey key) =>
        RangeOf(key) is var (lowest, highest) && lowest <= highest
            ? $"serves {key} in versions {lowest} to {highest}"
            : $"does not serve {key}";

    /// <summary>What this side speaks of an API, for people.</summary>
    public static string DescribeOwn(ApiKey key, short highest) =>
        ApiCatalog.TryFind(key, out ApiDescription? own)
            ? $"this side speaks versions {own.LowestVersion} to {Math.Min(own.HighestVersion, highest)}"
            : "this side does not know it";

    private (short Lowest, short Highest) RangeOf(ApiKey key) =>
        (uint)key < (uint)_ranges.Length ? _ranges[(int)key] : ((short)0, (short)-1);
}
