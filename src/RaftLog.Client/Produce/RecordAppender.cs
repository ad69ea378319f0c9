using System.Diagnostics.CodeAnalysis;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Transactions;

namespace RaftLog.Client.Produce;

/// <summary>Appends records to the queues of their partitions, and waits for nothing.</summary>
internal sealed class RecordAppender(ClientRuntime runtime, ClusterMetadata metadata, ProduceSender sender, TransactionFlow? transactions)
{
    /// <summary>True where the record names no partition, or one that the topic has.</summary>
    public static bool IsIn(ProducerTopic topic, in ProducerRecord record) =>
        record.Partition is not { } partition || (uint)partition < (uint)topic.PartitionCount;

    /// <summary>Appends a record where nobody waits before it and its topic is known. Its memory is taken already.</summary>
    /// <returns>False when something has to be waited for after all, or with a reason when the record cannot be sent.</returns>
    public bool TryAppend(TopicLane lane, in ProducerRecord record, long size, long transaction, RecordEnd end, out KafkaException? wrong)
    {
        wrong = null;
        ClusterView view = metadata.View;
        return lane.IsFree
            && lane.Topic is { } known
            && known.IsIn(view)
            && IsIn(known, record)
            && TryAppend(known, record, size, transaction, view, end, out wrong);
    }

    /// <summary>Appends a record whose turn it is, to a topic that has been learnt just now.</summary>
    /// <returns>False with a reason when the record cannot be sent; without one when the topic was made anew at this moment.</returns>
    public bool TryAppend(
        ProducerTopic topic,
        in ProducerRecord record,
        long size,
        long transaction,
        RecordEnd end,
        out KafkaException? wrong
    ) => TryAppend(topic, record, size, transaction, metadata.View, end, out wrong);

    private bool TryAppend(
        ProducerTopic topic,
        in ProducerRecord record,
        long size,
        long transaction,
        ClusterView view,
        RecordEnd end,
        out KafkaException? wrong
    )
    {
        if (!topic.TryChoose(record, view, runtime.Waiters, out PartitionQueue? queue, out wrong) || !TryEnter(transaction, out wrong))
        {
            return false;
        }

        long timestampMs = record.TimestampMs ?? runtime.Time.GetUtcNow().ToUnixTimeMilliseconds();
        BatchOutcome outcome = queue.Append(record, timestampMs, size, createdMs: null, end);
        transactions?.Leave();
        if (outcome == BatchOutcome.Began)
        {
            sender.WakeHere(queue);
        }

        if (sender.IsClosed)
        {
            // It was closed at this moment, and its loop may have looked for the last time.
            sender.FailAll();
        }

        // Closed: the topic was made anew at this moment. Its records are being moved, and this one comes behind them.
        return outcome != BatchOutcome.Closed;
    }

    /// <summary>True when a record may join the transaction that it was produced in, whose end waits for it then.</summary>
    private bool TryEnter(long transaction, [NotNullWhen(false)] out KafkaException? reason)
    {
        reason = null;
        return transactions?.TryEnter(transaction, out reason) ?? true;
    }
}
