using RaftLog.Platform;

namespace RaftLog.Broker.Lifecycle;

/// <summary>
/// How the descriptors that the process may have (<c>RLIMIT_NOFILE</c>) are shared out: files of logs take no more than
/// <see cref="DescriptorCache"/> gives them, the rest is for connections. So clients that connect without end never keep the node from its
/// own files.
/// </summary>
/// <param name="limit">The limit; a large number where there is none.</param>
internal sealed class OpenFileLimit(long limit)
{
    /// <summary>
    /// For files that are being written for the first time, locks, the node log, other nodes and the runtime; a quarter of a low limit.
    /// </summary>
    private const int Reserved = 128;

    private const int LeastConnections = 16;

    private readonly int _files = DescriptorCache.CapacityFor(limit);

    /// <summary>The limit itself.</summary>
    public long Descriptors => limit;

    /// <summary>How many connections of clients there is room for.</summary>
    public int Connections => (int)Math.Clamp(limit - _files - Math.Min(Reserved, limit / 4), LeastConnections, int.MaxValue);

    /// <summary>What to tell who runs a node with so many partitions; null where the limit does for them.</summary>
    public string? WarningFor(int partitions)
    {
        int wanted = Math.Min(partitions, DescriptorCache.CapacityFor(long.MaxValue));
        return wanted <= _files
            ? null
            : $"this process may open {limit} files, and {_files} of them are kept for the logs of {partitions} partitions: logs are "
                + $"closed and opened again as they are used, "
                + $"which costs time, and those with records that are not flushed yet must stay open. Raise the limit (ulimit -n, "
                + $"LimitNOFILE of systemd) to {2 * wanted} or more";
    }
}
