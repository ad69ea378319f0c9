using RaftLog.Broker.Handlers;

namespace RaftLog.Broker.Requests;

/// <summary>What ApiVersions says of a table.</summary>
internal static class AdvertisedVersions
{
    /// <summary>The ranges of all rows, by key.</summary>
    public static IReadOnlyList<ApiVersionRange> Of(IEnumerable<Api> apis) =>
        [.. apis.OrderBy(api => api.Key).Select(api => new ApiVersionRange(api.Key, api.AdvertisedLowest, api.AdvertisedHighest))];
}
