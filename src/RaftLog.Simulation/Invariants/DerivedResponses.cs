using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>
/// What a node tells out of something derived (its table of leader epochs, its time indexes) equals what the batches themselves say, after
/// every recovery and truncation: read from its files as it sees them, and from what is committed.
/// </summary>
internal sealed class DerivedResponses(SimCluster cluster)
{
    /// <summary>How many answers were compared.</summary>
    internal long Checks { get; private set; }

    /// <summary>How many of them were about a log that records leave at the beginning.</summary>
    internal long RetainedChecks { get; private set; }

    /// <summary>
    /// A leader tells where an epoch ends in its log: no batch of it or of one before stands at that end or behind it, and none of a later
    /// one before it. Where records leave the beginning of a log, a later epoch may stand before it: an epoch that is gone ends where the
    /// log begins, as in Kafka, which may be inside a later one whose file has not gone.
    /// </summary>
    internal void OnEpochEndSent(int node, TopicPartition partition, LeaderEpoch epoch, Offset end)
    {
        if (cluster.IsCompacted(partition.Topic))
        {
            return;
        }

        Checks++;
        RetainedChecks += partition.Topic == LogTopic.Retained ? 1 : 0;
        SimVolume volume = cluster.Machine(node).Volume;
        string directory = cluster.Machine(node).PathOf(partition);
        foreach (string name in volume.ListFiles(directory).Where(static each => each.EndsWith(".log", StringComparison.Ordinal)))
        {
            ReadOnlySpan<byte> bytes = volume.ReadFile($"{directory}/{name}");
            while (RecordBatch.Read(bytes, out RecordBatch batch) == BatchStatus.Complete)
            {
                bool isBefore = batch.BaseOffset < end;
                bool mayBeBefore = batch.PartitionLeaderEpoch <= epoch || partition.Topic == LogTopic.Retained;
                if (isBefore ? !mayBeBefore : batch.PartitionLeaderEpoch <= epoch)
                {
                    cluster.Scheduler.Fail(
                        $"derived-agrees: n{node} tells that epoch {epoch} of {partition} ends at {end}, and its log has a batch of "
                            + $"epoch {batch.PartitionLeaderEpoch} at {batch.BaseOffset}"
                    );
                    return;
                }

                bytes = bytes[batch.Size..];
            }
        }
    }

    /// <summary>
    /// A leader tells which is the first record at or after a time: it stands in the first committed batch that has one. That there is none
    /// it may say only where it has told nobody of such a batch in this leadership. A batch whose header is corrupt, so that it says that
    /// it has none, is passed over; no checksum is looked at for that, as in Kafka.
    /// </summary>
    /// <param name="node">Who tells.</param>
    /// <param name="partition">Of what.</param>
    /// <param name="timestamp">The time.</param>
    /// <param name="found">The offset; below zero where there is none.</param>
    /// <param name="told">The highest high watermark that it has told in this leadership.</param>
    /// <param name="ledger">What is committed.</param>
    internal void TimeFound(int node, TopicPartition partition, long timestamp, Offset found, Offset told, IPartitionLedger ledger)
    {
        if (ledger is not PartitionLedger batches || partition.Topic == LogTopic.Retained)
        {
            return;
        }

        Checks++;
        ImageBatch? first = batches.FirstAtOrAfter(timestamp);
        bool isWrong =
            found < Offset.Zero ? first is { } missed && missed.Last < told
            : first is { } right ? found < right.Base || found > right.Last
            : found < ledger.End;
        if (isWrong && first is { } batch && HasCorruptHeader(node, partition, batch))
        {
            return;
        }

        if (isWrong)
        {
            cluster.Scheduler.Fail(
                $"derived-agrees: n{node} tells that the first record of {partition} at or after {timestamp} is at {found}, and the "
                    + $"first committed batch with one is "
                    + $"{first?.ToString() ?? $"not below {ledger.End}"}; it has told of {told}"
            );
        }
    }

    // True where the medium gives back another header than was written for the batch.
    private bool HasCorruptHeader(int node, TopicPartition partition, ImageBatch batch)
    {
        SimVolume volume = cluster.Machine(node).Volume;
        string directory = cluster.Machine(node).PathOf(partition);
        foreach (string name in volume.ListFiles(directory).Where(static each => each.EndsWith(".log", StringComparison.Ordinal)))
        {
            SimInode file = (SimInode)volume.Find($"{directory}/{name}")!;
            int at = 0;
            while (RecordBatch.Read(file.Current.Span[at..], out RecordBatch found) == BatchStatus.Complete)
            {
                if (found.BaseOffset == batch.Base)
                {
                    return file.DamageIn(at, RecordBatch.HeaderSize) is not null;
                }

                at += found.Size;
            }
        }

        return false;
    }

    /// <summary>
    /// A leader tells the largest timestamp of a partition: no batch that it has told of has a later one. It tells none where the record
    /// that has it is not committed.
    /// </summary>
    /// <param name="node">Who tells.</param>
    /// <param name="partition">Of what.</param>
    /// <param name="timestamp">The timestamp; below zero where there is none.</param>
    /// <param name="told">The highest high watermark that it has told in this leadership.</param>
    /// <param name="ledger">What is committed.</param>
    internal void LatestFound(int node, TopicPartition partition, long timestamp, Offset told, IPartitionLedger ledger)
    {
        if (timestamp < 0 || ledger is not PartitionLedger batches || partition.Topic == LogTopic.Retained)
        {
            return;
        }

        Checks++;
        if (batches.FirstAtOrAfter(timestamp + 1) is { } later && later.Last < told)
        {
            cluster.Scheduler.Fail(
                $"derived-agrees: n{node} tells that {timestamp} is the largest timestamp of {partition}, and {later}, of which it has "
                    + $"told, has {later.MaxTimestamp}"
            );
        }
    }
}
