using RaftLog.Client.Connections;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Client.Groups;

namespace RaftLog.Client.Consume;

/// <summary>Whether a consumer makes progress.</summary>
internal sealed class ConsumerProgress(
    ClientRuntime runtime,
    Assignment assignment,
    ConsumerReader reader,
    ParallelConsumption parallel,
    ConsumerGroup? group
)
{
    /// <summary>Why it makes none for longer than a time, or null.</summary>
    public string? WhyStuck(TimeSpan limit)
    {
        if ((runtime.Failure ?? assignment.Failure?.Message ?? group?.WhyNoMember(limit)) is { } reason)
        {
            return reason;
        }

        long nowMs = runtime.Waiters.NowMs;
        if (parallel.OldestMs is { } oldestMs && nowMs - oldestMs > limit.TotalMilliseconds)
        {
            return $"a handler has run for {(nowMs - oldestMs) / 1000.0:0.0} s";
        }

        long awayMs = reader.AwayMs;
        return awayMs > limit.TotalMilliseconds && assignment.Partitions.Any(partition => assignment.Offsets.LagOf(partition) > 0)
            ? $"records wait for the reader, who has not come back for {awayMs / 1000.0:0.0} s"
            : null;
    }
}
