using RaftLog.Platform.Buffers;

namespace RaftLog.Broker.Configuration;

/// <summary>Bounds of the memory that a node's traffic may hold.</summary>
/// <param name="RequestBytes"><c>queued.max.request.bytes</c>: requests of clients; where it is -1,
/// <see cref="DefaultRequestBytes"/>. At least the buffer of the largest request.</param>
/// <param name="DecompressionBytes"><c>raftlog.decompression.buffer.bytes</c>: compressed batches that must be held in large parts while
/// they are checked.</param>
/// <param name="ReplicationBytes"><c>raftlog.replication.buffer.bytes</c>: responses of other nodes; at least two buffers of the largest
/// fetch, or of the largest batch where that is more: a response that never found room would keep a follower out of sync
/// for ever.</param>
public sealed record MemorySettings(long RequestBytes, long DecompressionBytes, long ReplicationBytes)
{
    /// <summary>The bytes of requests where nothing is configured: 100 MiB. Kafka has no bound then.</summary>
    public const long DefaultRequestBytes = 100L << 20;

    /// <summary>What a response holds besides records: some 30 bytes a partition, of which 10,000 may have changed.</summary>
    private const int LargestHead = 300_000;

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

        // A batch comes whole, however little was asked for; and a response says more than its records.
        int largestFetch = Math.Max(settings.Int("replica.fetch.response.max.bytes"), settings.Int("message.max.bytes"));
        return new(
            Math.Max(requestBytes <= 0 ? DefaultRequestBytes : requestBytes, BufferPool.LeastFor(largestRequest)),
            settings.Long("raftlog.decompression.buffer.bytes"),
            Math.Max(settings.Long("raftlog.replication.buffer.bytes"), 2L * BufferPool.LeastFor(WithHead(largestFetch)))
        );
    }

    private static int WithHead(int records) => (int)Math.Min(int.MaxValue, (long)records + LargestHead);
}
