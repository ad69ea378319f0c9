namespace RaftLog.Broker.Configuration;

/// <summary>Requests from clients and between nodes.</summary>
/// <param name="TimeoutMs"><c>request.timeout.ms</c>: how long a request between nodes may take.</param>
/// <param name="ConnectTimeoutMs"><c>socket.connection.setup.timeout.ms</c>: how long a connect may take.</param>
/// <param name="ConnectTimeoutMaxMs"><c>socket.connection.setup.timeout.max.ms</c>: bound of the growing connect timeout.</param>
/// <param name="FetchMaxBytes"><c>fetch.max.bytes</c>: records in one answer to a fetch.</param>
/// <param name="FetchSessions"><c>max.incremental.fetch.session.cache.slots</c>: fetch sessions that are remembered.</param>
/// <param name="DescribePartitionsLimit"><c>max.request.partition.size.limit</c>: partitions in one answer to DescribeTopicPartitions.</param>
public sealed record RequestSettings(
    int TimeoutMs,
    long ConnectTimeoutMs,
    long ConnectTimeoutMaxMs,
    int FetchMaxBytes,
    int FetchSessions,
    int DescribePartitionsLimit)
{
    internal static RequestSettings Read(SettingsReader settings) => new(
        settings.Int("request.timeout.ms"),
        settings.Long("socket.connection.setup.timeout.ms"),
        settings.Long("socket.connection.setup.timeout.max.ms"),
        settings.Int("fetch.max.bytes"),
        settings.Int("max.incremental.fetch.session.cache.slots"),
        settings.Int("max.request.partition.size.limit"));
}
