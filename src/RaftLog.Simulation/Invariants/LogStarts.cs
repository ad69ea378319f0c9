using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>
/// The start of a log is a promise: no replica's image and no response has it beyond what is committed, and nothing leaves the beginning of
/// a log that neither a client has deleted nor the topic's retention lets go.
/// </summary>
/// <param name="cluster">The machines.</param>
/// <param name="images">Their disks.</param>
/// <param name="retained">The topic that loses records; null where there is none, so that every log begins at 0.</param>
/// <param name="clocksJump">Whether wall clocks jump, so that nobody can say how old a record is.</param>
internal sealed class LogStarts(SimCluster cluster, DiskImages images, LogTopic? retained, bool clocksJump)
{
    private Offset _deletable;

    /// <summary>How often a start was held against what is committed, or against what may have gone.</summary>
    internal long Checks { get; private set; }

    /// <summary>A client asks to delete records.</summary>
    internal void DeletionLeaves(DeleteRecordsRequest request)
    {
        foreach (DeleteRecordsRequest.DeleteRecordsPartition partition in request.Topics.SelectMany(static each => each.Partitions))
        {
            _deletable = Offset.Max(_deletable, partition.Offset);
        }
    }

    /// <summary>A node tells where a log begins, which is committed by then: all who are in sync reach up to there.</summary>
    internal void OnClaim(int node, TopicPartition partition, Offset start, IPartitionLedger ledger, PartitionRegistration? registration)
    {
        RequireCause($"n{node} tells that", partition, start, ledger);
        (ledger as PartitionLedger)?.OnStartSent(start);
        foreach (NodeId member in registration?.Isr ?? [])
        {
            if (!cluster.Machine(member.Value).IsDestroyed && !images.Covers(member.Value, partition, start))
            {
                cluster.Scheduler.Fail(
                    $"start-is-committed: n{node} tells that {partition} begins at {start}, and the disk image of n{member}, which is "
                        + $"in sync, ends at "
                        + $"{images.Of(member.Value, partition).End}"
                );
            }
        }
    }

    /// <summary>Looks at where the image of an in-sync member begins.</summary>
    internal void Look(int node, TopicPartition partition, IPartitionLedger ledger) =>
        RequireCause($"the disk image of n{node}, which is in sync, shows that", partition, images.Of(node, partition).Start, ledger);

    private void RequireCause(string who, TopicPartition partition, Offset start, IPartitionLedger ledger)
    {
        // Compaction may take what stands at the beginning.
        if (start == Offset.Zero || partition.Topic == LogTopic.Compacted || ledger is not PartitionLedger batches)
        {
            return;
        }

        Checks++;
        if (partition.Topic != retained?.Name)
        {
            Fail($"{who} {partition} begins at {start}, and nothing may leave that log");
        }
        else if (start > _deletable && retained.Find("retention.bytes") is null && batches.Before(start) is { } last && !IsOld(last))
        {
            Fail($"{who} {partition} begins at {start}; nobody has deleted {last} before it, and it is younger than the topic's retention");
        }
    }

    private bool IsOld(in ImageBatch batch)
    {
        long now = cluster.Scheduler.Now;
        double doubtMs = SimTimeProvider.MostApart(TimeSpan.FromTicks(now)).TotalMilliseconds;
        return retained!.Find("retention.ms") is { } keptMs
            && (clocksJump || SimTimeProvider.WallMs(now) - batch.MaxTimestamp > keptMs - doubtMs);
    }

    private void Fail(string what) => cluster.Scheduler.Fail($"start-has-cause: {what}");
}
