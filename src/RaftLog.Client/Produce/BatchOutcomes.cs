using System.Collections.Frozen;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Transactions;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>
/// What becomes of a batch that was sent, or that was not: acknowledged, sent again, divided, numbered anew, or given up.
/// </summary>
internal sealed class BatchOutcomes(
    ProducerOptions options,
    ClientRuntime runtime,
    ClusterMetadata metadata,
    BufferBudget budget,
    BatchSource batches,
    TransactionFlow? transactions
)
{
    private const long FirstMomentMs = 1;
    private const int MostDoublings = 10;

    /// <summary>A request came to nothing.</summary>
    public void NoResponse(ProduceDraft draft, RpcOutcome outcome, string reason)
    {
        bool mayHaveArrived = outcome is RpcOutcome.TimedOut or RpcOutcome.Disconnected or RpcOutcome.Malformed;
        foreach ((PartitionQueue queue, ProducerBatch batch, _) in draft.Entries)
        {
            if (mayHaveArrived && options.Acks == Acks.None)
            {
                GiveUp(queue, batch, new KafkaException(ErrorCode.NetworkException, reason));
                continue;
            }

            batch.MaybeAppended |= mayHaveArrived;
            Retry(queue, batch, reason);
        }

        metadata.Invalidate();
    }

    /// <summary>A leader has responded.</summary>
    public void Responded(ProduceDraft draft, ProduceResponse response, RpcChannel channel)
    {
        if (options.Acks == Acks.None)
        {
            foreach ((PartitionQueue queue, ProducerBatch batch, _) in draft.Entries)
            {
                Acknowledge(queue, batch, Offset.None);
            }

            return;
        }

        ProduceReplies replies = new(response);
        IReadOnlySet<TopicPartition> moved = LearnLeaders(draft, replies);
        foreach ((PartitionQueue queue, ProducerBatch batch, Uuid topicId) in draft.Entries)
        {
            if (replies.Find(queue.Partition, topicId) is { } reply)
            {
                Decide(queue, batch, reply, channel, moved);
            }
            else
            {
                GiveUp(
                    queue,
                    batch,
                    new KafkaException(ErrorCode.UnknownServerError, $"{channel.Peer} left {queue.Partition} out of its response")
                );
            }
        }
    }

    /// <summary>Gives up what is in queues, and not with a broker, and was created before a time.</summary>
    public void Fail(IReadOnlyList<PartitionQueue> queues, long createdBeforeMs, Func<ProducerBatch, KafkaException> reasonOf)
    {
        List<ProducerBatch> expired = [];
        Expire(queues, createdBeforeMs, expired);
        foreach (ProducerBatch batch in expired)
        {
            KafkaException reason = reasonOf(batch);
            transactions?.RecordsFailed(reason, batch.MaybeAppended);
            batch.Fail(reason);
            Free(batch);
        }
    }

    /// <summary>Gives up what is in queues, and not with a broker, where its transaction is not to be committed.</summary>
    public void FailRejected(IReadOnlyList<PartitionQueue> queues)
    {
        if (transactions is not { Rejects: true })
        {
            return;
        }

        List<ProducerBatch> rejected = [];
        if (transactions.TryReject(() => Expire(queues, long.MaxValue, rejected)) is not { } reason)
        {
            return;
        }

        foreach (ProducerBatch batch in rejected)
        {
            if (batch.MaybeAppended)
            {
                transactions.RequireEpoch();
            }

            batch.Fail(reason);
            Free(batch);
        }
    }

    private IReadOnlySet<TopicPartition> LearnLeaders(ProduceDraft draft, ProduceReplies replies)
    {
        List<ToldLeader>? told = null;
        foreach ((PartitionQueue queue, _, Uuid topicId) in draft.Entries)
        {
            if (replies.Find(queue.Partition, topicId) is { } reply && reply.ErrorCode.IsRetriable())
            {
                told ??= [];
                told.Add(new ToldLeader(queue.Partition, reply.CurrentLeader.LeaderId, reply.CurrentLeader.LeaderEpoch));
            }
        }

        return told is null ? FrozenSet<TopicPartition>.Empty : metadata.LearnLeaders(told);
    }

    private static void Expire(IReadOnlyList<PartitionQueue> queues, long createdBeforeMs, List<ProducerBatch> expired)
    {
        foreach (PartitionQueue queue in queues)
        {
            queue.Expire(createdBeforeMs, expired);
        }
    }

    private void Decide(
        PartitionQueue queue,
        ProducerBatch batch,
        ProduceResponse.PartitionProduceResponse reply,
        RpcChannel channel,
        IReadOnlySet<TopicPartition> moved
    )
    {
        switch (reply.ErrorCode)
        {
            case ErrorCode.None:
            case ErrorCode.DuplicateSequenceNumber:
                Acknowledge(queue, batch, reply.BaseOffset);
                break;

            // The broker does not know the numbers before these, and has rejected the batch: unless an earlier attempt may stand in the
            // log, the same records can go under the next epoch. A transaction has one epoch: there it is for whoever aborts it.
            case ErrorCode.OutOfOrderSequenceNumber
            or ErrorCode.UnknownProducerId
            or ErrorCode.InvalidProducerEpoch
            or ErrorCode.ProducerFenced when !batch.MaybeAppended && transactions is null:
                batch.Attempts++;
                queue.Renumber(batch);
                break;

            case ErrorCode.MessageTooLarge when batch.Count > 1:
                queue.Replace(batch, batch.Split(batches));
                batches.Return(batch);
                break;

            case var error when error.IsRetriable():
                if (error.NeedsMetadataRefresh() && !moved.Contains(queue.Partition))
                {
                    metadata.Invalidate();
                }

                // Not enough replicas after the append: it is in the leader's log, and may stay there.
                batch.MaybeAppended |= error is ErrorCode.NotEnoughReplicasAfterAppend or ErrorCode.RequestTimedOut;

                // The markers of the transaction before are on their way, which takes a moment.
                Retry(
                    queue,
                    batch,
                    Rejection(queue.Partition, batch, reply, channel).Message,
                    error == ErrorCode.ConcurrentTransactions ? FirstMomentMs << Math.Min(batch.Attempts, MostDoublings) : null
                );
                break;

            default:
                GiveUp(queue, batch, Rejection(queue.Partition, batch, reply, channel));
                break;
        }
    }

    private static KafkaException Rejection(
        TopicPartition partition,
        ProducerBatch batch,
        ProduceResponse.PartitionProduceResponse reply,
        RpcChannel channel
    )
    {
        string why =
            reply.ErrorCode == ErrorCode.MessageTooLarge
                ? $"the record alone makes a batch of {batch.Bytes.Length} bytes, more than the topic's max.message.bytes allows"
                : reply.ErrorMessage ?? "the broker gave no reason";
        return new KafkaException(reply.ErrorCode, $"{channel.Peer} rejected {batch.Count} records for {partition}: {why}");
    }

    private void Acknowledge(PartitionQueue queue, ProducerBatch batch, Offset baseOffset)
    {
        queue.Acknowledge(batch);
        batch.Succeed(queue.Partition.Partition, baseOffset);
        Free(batch);
    }

    private void Retry(PartitionQueue queue, ProducerBatch batch, string failure, long? mostMs = null)
    {
        Backoff backoff = runtime.NewBackoff();
        TimeSpan pause = backoff.Next();
        for (int i = 0; i < batch.Attempts && pause < runtime.Options.RetryBackoffMax; i++)
        {
            pause = backoff.Next();
        }

        batch.Attempts++;
        batch.LastFailure = failure;
        long pauseMs = (long)Math.Ceiling(pause.TotalMilliseconds);
        queue.Retry(batch, runtime.Waiters.NowMs + Math.Min(pauseMs, mostMs ?? pauseMs));
    }

    private void GiveUp(PartitionQueue queue, ProducerBatch batch, KafkaException reason)
    {
        transactions?.RecordsFailed(reason, batch.MaybeAppended);
        queue.GiveUp(batch);
        batch.Fail(reason);
        Free(batch);
    }

    private void Free(ProducerBatch batch)
    {
        budget.Return(batch.Reserved);
        batches.Return(batch);
    }
}
