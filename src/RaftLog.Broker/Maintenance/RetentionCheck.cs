using RaftLog.Broker.Configuration;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Runtime;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Maintenance;

/// <summary>
/// Removes what <c>retention.ms</c> and <c>retention.bytes</c> no longer keep, every <c>log.retention.check.interval.ms</c>. A record that
/// is dated in the future keeps its segment and all after it, as in Kafka; the node log says so once.
/// </summary>
/// <param name="partitions">The partitions of the node.</param>
/// <param name="settings">What is configured now.</param>
/// <param name="waiters">The node's clock.</param>
/// <param name="nodeLog">The node log.</param>
internal sealed class RetentionCheck(
    Func<IReadOnlyList<Partition>> partitions,
    Func<LogMaintenanceSettings> settings,
    Waiters waiters,
    NodeLog nodeLog
)
{
    /// <summary>The first check comes early: a node that is often restarted would never come to one.</summary>
    private const long FirstCheckMs = 30_000;

    /// <summary>The segments that the node log has named; at most one of each partition.</summary>
    private readonly Dictionary<TopicIdPartition, Offset> _named = [];

    /// <summary>Runs until the node's waits are closed.</summary>
    public async Task RunAsync()
    {
        long waitMs = Math.Min(FirstCheckMs, settings().RetentionCheckMs);
        while (await waiters.Delay(TimeSpan.FromMilliseconds(waitMs)) != WaitOutcome.Closed)
        {
            Check();
            waitMs = settings().RetentionCheckMs;
        }
    }

    private void Check()
    {
        WakeList wakes = new();
        foreach (Partition partition in partitions())
        {
            if (partition.Maintenance.Retain(wakes) is { } decision)
            {
                Tell(partition, decision);
            }
        }

        wakes.WakeAll();
    }

    private void Tell(Partition partition, in RetentionDecision decision)
    {
        if (decision.Segments > 0)
        {
            nodeLog.Info(
                $"{partition.Name}: retention removed {decision.Segments} segments with {decision.Bytes} bytes; the log begins at "
                    + $"offset {decision.Start} now"
            );
        }

        if (decision.Pinned is not { } pinned)
        {
            _named.Remove(partition.Id);
        }
        else if (!_named.TryGetValue(partition.Id, out Offset named) || named != pinned.BaseOffset)
        {
            _named[partition.Id] = pinned.BaseOffset;
            nodeLog.Warn(
                $"{partition.Name}: a record in the segment at offset {pinned.BaseOffset} is dated {Date(pinned.LargestTimestamp)}, in "
                    + $"the future; retention.ms keeps that segment and "
                    + "all after it until then. Remove records with DeleteRecords (kafka-delete-records), and bound "
                    + "message.timestamp.after.max.ms"
            );
        }
    }

    private static string Date(long timestampMs) =>
        timestampMs > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? $"after the year 9999 ({timestampMs})"
            : $"{DateTimeOffset.FromUnixTimeMilliseconds(timestampMs):yyyy-MM-dd HH:mm}";
}
