using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>
/// What a node tells out of something derived (its table of leader epochs, its time indexes) equals what the batches themselves say, after every recovery and
/// truncation: read from its files as it sees them, and from what is committed.
/// </summary>
internal sealed class DerivedAnswers(SimCluster cluster)
{
    /// <summary>How many answers were compared.</summary>
    internal long Checks { get; private set; }

    /// <summary>A leader tells where an epoch ends in its log: no batch of it or of one before stands at that end or behind it, and none of a later one before it.</summary>
    internal void EpochEndTold(int node, TopicPartition partition, LeaderEpoch epoch, Offset end)
    {
        if (partition.Topic == LogTopic.Compacted)
        {
            return;
        }

        Checks++;
        SimVolume volume = cluster.Machine(node).Volume;
        string directory = $"{SimCluster.LogDirectory}/{partition}";
        foreach (string name in volume.ListFiles(directory).Where(static each => each.EndsWith(".log", StringComparison.Ordinal)))
        {
            ReadOnlySpan<byte> bytes = volume.ReadFile($"{directory}/{name}");
            while (RecordBatch.Read(bytes, out RecordBatch batch) == BatchStatus.Complete)
            {
                bool isBefore = batch.BaseOffset < end;
                if (isBefore != batch.PartitionLeaderEpoch <= epoch)
                {
                    cluster.Scheduler.Fail(
                        $"derived-agrees: n{node} tells that epoch {epoch} of {partition} ends at {end}, and its log has a batch of epoch {batch.PartitionLeaderEpoch} at {batch.BaseOffset}");
                    return;
                }

                bytes = bytes[batch.Size..];
            }
        }
    }

    /// <summary>A leader tells which is the first record at or after a time: it stands in the first committed batch that has one.</summary>
    internal void TimeFound(int node, TopicPartition partition, long timestamp, Offset found, IPartitionLedger ledger)
    {
        if (found < Offset.Zero || ledger is not PartitionLedger batches || partition.Topic == LogTopic.Retained)
        {
            return;
        }

        Checks++;
        if (batches.FirstAtOrAfter(timestamp) is { } first ? found < first.Base || found > first.Last : found < ledger.End)
        {
            cluster.Scheduler.Fail(
                $"derived-agrees: n{node} tells that the first record of {partition} at or after {timestamp} is at {found}, and the first committed batch with one is "
                + $"{batches.FirstAtOrAfter(timestamp)?.ToString() ?? $"not below {ledger.End}"}");
        }
    }
}
