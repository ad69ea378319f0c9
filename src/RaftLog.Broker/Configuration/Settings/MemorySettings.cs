namespace RaftLog.Broker.Configuration;

/// <summary>Bounds of the memory that a node's traffic may hold.</summary>
/// <param name="RequestBytes"><c>queued.max.request.bytes</c>: requests of clients; where it is -1,
/// <see cref="DefaultRequestBytes"/>.</param>
/// <param name="DecompressionBytes"><c>raftlog.decompression.buffer.bytes</c>: compressed batches that must be held in large parts while
/// they are checked.</param>
/// <param name="ReplicationBytes"><c>raftlog.replication.buffer.bytes</c>: responses of other nodes; at least twice the largest
/// fetch.</param>
public sealed record MemorySettings(long RequestBytes, long DecompressionBytes, long ReplicationBytes)
{
    /// <summary>The bytes of requests where nothing is configured: 100 MiB. Kafka has no bound then.</summary>
    public const long DefaultRequestBytes = 100L << 20;

    private const string RequestBytesKey = "queued.max.request.bytes";

    internal static MemorySettings Read(SettingsReader settings)
    {
        long requestBytes = settings.Long(RequestBytesKey);
        int largestRequest = settings.Int("socket.request.max.bytes");
        if (requestBytes > 0 && requestBytes < largestRequest)
        {
            settings.Report(
                RequestBytesKey,
                $"a request may have socket.request.max.bytes = {largestRequest}",
                "raise the one or lower the other"
            );
        }

        // A response that is received grows from one buffer into the next, and both are held while it moves.
        long largestFetch = 2L * settings.Int("replica.fetch.response.max.bytes");
        return new(
            requestBytes <= 0 ? DefaultRequestBytes : requestBytes,
            settings.Long("raftlog.decompression.buffer.bytes"),
            Math.Max(settings.Long("raftlog.replication.buffer.bytes"), largestFetch)
        );
    }
}
