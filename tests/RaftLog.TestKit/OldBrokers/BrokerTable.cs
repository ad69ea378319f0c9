using System.Text.Json;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.TestKit;

/// <summary>
/// What a release of Kafka tells in its ApiVersions response, as it was recorded: <c>OldBrokers/Brokers.jsonl</c> says from where.
/// </summary>
public sealed class BrokerTable
{
    private readonly SortedDictionary<short, (short Lowest, short Highest)> _ranges = [];
    private readonly SortedDictionary<string, short> _features = new(StringComparer.Ordinal);

    private BrokerTable(JsonElement row)
    {
        Release = Version.Parse(row.GetProperty("broker").GetString()!);
        IsKRaft = row.GetProperty("mode").GetString() == "kraft";
        foreach (JsonProperty api in row.GetProperty("apis").EnumerateObject())
        {
            _ranges.Add(short.Parse(api.Name), (api.Value[0].GetInt16(), api.Value[1].GetInt16()));
        }

        foreach (JsonProperty feature in row.GetProperty("features").EnumerateObject())
        {
            _features.Add(feature.Name, feature.Value.GetInt16());
        }
    }

    /// <summary>All that were recorded, the oldest first.</summary>
    public static IReadOnlyList<BrokerTable> All { get; } = Load();

    /// <summary>The release.</summary>
    public Version Release { get; }

    /// <summary>False where the cluster's metadata is in ZooKeeper.</summary>
    public bool IsKRaft { get; }

    /// <summary>The table of a name.</summary>
    public static BrokerTable Of(string name) => All.Single(each => each.ToString() == name);

    /// <summary>True when the release serves a version of an API.</summary>
    public bool Serves(ApiKey api, short version) => HighestOf(api) >= version && _ranges[(short)api].Lowest <= version;

    /// <summary>The highest version that the release serves of an API; -1 for none.</summary>
    public short HighestOf(ApiKey api) =>
        _ranges.TryGetValue((short)api, out (short Lowest, short Highest) range) ? range.Highest : (short)-1;

    /// <summary>
    /// The ApiVersions response of such a broker. A version that it does not know gets its error in version 0 (KIP-35, KIP-511).
    /// </summary>
    /// <param name="version">The version of the request.</param>
    public (ApiVersionsResponse Response, short Version) Respond(short version)
    {
        if (!Serves(ApiKey.ApiVersions, version))
        {
            // Releases before 2.4 do not say which versions they know.
            IEnumerable<short> told = Release >= new Version(2, 4) ? [(short)ApiKey.ApiVersions] : [];
            return (new ApiVersionsResponse { ErrorCode = ErrorCode.UnsupportedVersion, ApiKeys = [.. told.Select(Told)] }, 0);
        }

        return (
            new ApiVersionsResponse
            {
                ApiKeys = [.. _ranges.Keys.Select(Told)],
                FinalizedFeatures =
                [
                    .. _features.Select(static each => new ApiVersionsResponse.FinalizedFeature
                    {
                        Name = each.Key,
                        MinVersionLevel = each.Value,
                        MaxVersionLevel = each.Value,
                    }),
                ],
            },
            version
        );
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Release} {(IsKRaft ? "kraft" : "zookeeper")}";

    private ApiVersionsResponse.ApiVersion Told(short api) =>
        new()
        {
            ApiKey = api,
            MinVersion = _ranges[api].Lowest,
            MaxVersion = _ranges[api].Highest,
        };

    private static List<BrokerTable> Load()
    {
        using Stream file = typeof(BrokerTable).Assembly.GetManifestResourceStream("OldBrokers/Brokers.jsonl")!;
        using StreamReader text = new(file);
        List<BrokerTable> tables = [];
        while (text.ReadLine() is { } line)
        {
            tables.Add(new BrokerTable(JsonDocument.Parse(line).RootElement));
        }

        return tables;
    }
}
