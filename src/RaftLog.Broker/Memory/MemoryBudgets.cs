using RaftLog.Broker.Configuration;
using RaftLog.Platform.Buffers;

namespace RaftLog.Broker.Memory;

/// <summary>
/// How much memory a node's traffic may hold, each kind for itself, so that clients take nothing from the nodes that replicate. Responses
/// need none: their records stay in files until they are sent.
/// </summary>
internal sealed class MemoryBudgets(MemorySettings settings, TimeProvider time) : IDisposable
{
    private const long MaxIdleBytes = 16L << 20;
    private const long ControllerBytes = 32L << 20;
    private const long SmallRequestBytes = 16L << 20;
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    /// <summary>Large requests of clients and brokers, from their first byte until they are answered or need their bytes no more.</summary>
    public BufferPool Requests { get; } = PoolOf(settings.RequestBytes, time);

    /// <summary>
    /// Small requests: followers' fetches, heartbeats, commits, metadata. Producers that use up <see cref="Requests"/> leave them alone.
    /// </summary>
    public BufferPool SmallRequests { get; } = PoolOf(SmallRequestBytes, time);

    /// <summary>Requests to this node as a controller: votes and heartbeats never wait for clients.</summary>
    public BufferPool Controllers { get; } = PoolOf(ControllerBytes, time);

    /// <summary>Responses of other nodes: what followers fetch, and what controllers answer.</summary>
    public BufferPool Replication { get; } = PoolOf(settings.ReplicationBytes, time);

    /// <inheritdoc />
    public void Dispose()
    {
        Requests.Dispose();
        SmallRequests.Dispose();
        Controllers.Dispose();
        Replication.Dispose();
    }

    private static BufferPool PoolOf(long bytes, TimeProvider time) =>
        new(time, new BufferPoolLimits(bytes, Math.Min(bytes, MaxIdleBytes), IdleTime));
}
