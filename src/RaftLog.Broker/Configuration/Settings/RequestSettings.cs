namespace RaftLog.Broker.Configuration;

/// <summary>Requests from clients and between nodes.</summary>
/// <param name="TimeoutMs"><c>request.timeout.ms</c>: how long a request between nodes may take.</param>
/// <param name="FetchMaxBytes"><c>fetch.max.bytes</c>: records in one response to a fetch.</param>
/// <param name="FetchSessions"><c>max.incremental.fetch.session.cache.slots</c>: fetch sessions that are remembered.</param>
/// <param name="DescribePartitionsLimit"><c>max.request.partition.size.limit</c>: partitions in one response to
/// DescribeTopicPartitions.</param>
public sealed record RequestSettings(int TimeoutMs, int FetchMaxBytes, int FetchSessions, int DescribePartitionsLimit)
{
    internal static RequestSettings Read(SettingsReader settings) =>
        new(
            settings.Int("request.timeout.ms"),
            settings.Int("fetch.max.bytes"),
            settings.Int("max.incremental.fetch.session.cache.slots"),
            settings.Int("max.request.partition.size.limit")
        );
}
