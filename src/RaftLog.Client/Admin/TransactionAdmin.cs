using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Admin;

/// <summary>
/// Administration of transactions (KIP-664): how they stand, which hang, and ending one that hangs. What fails for a passing reason is
/// tried again until <see cref="ClientOptions.CallTimeout"/>.
/// </summary>
public sealed class TransactionAdmin
{
    private const string Ongoing = "Ongoing";

    private readonly ClientRuntime _runtime;
    private readonly ClusterCalls _calls;
    private readonly ClusterMetadata _metadata;
    private readonly BrokerCalls _brokers;

    internal TransactionAdmin(ClientRuntime runtime, ClusterCalls calls, ClusterMetadata metadata, BrokerCalls brokers)
    {
        _runtime = runtime;
        _calls = calls;
        _metadata = metadata;
        _brokers = brokers;
    }

    /// <summary>All transactional ids, in order.</summary>
    /// <exception cref="KafkaException">A broker cannot be asked in time.</exception>
    public async ValueTask<IReadOnlyList<TransactionListing>> ListAsync(CancellationToken cancel = default)
    {
        CallDeadline deadline = NewDeadline(cancel);
        ClusterView cluster = await _metadata.FreshAsync(deadline);
        SortedDictionary<string, TransactionListing> found = new(StringComparer.Ordinal);
        foreach (BrokerView broker in cluster.Brokers)
        {
            ListTransactionsResponse response = await _brokers.AskAsync(
                broker.Id,
                new ListTransactionsRequest(),
                static r => r.ErrorCode,
                $"transactions of broker {broker.Id}",
                deadline
            );
            foreach (ListTransactionsResponse.TransactionSummary each in response.TransactionStates)
            {
                found[each.TransactionalId] = new TransactionListing(
                    each.TransactionalId,
                    each.ProducerId,
                    each.TransactionState,
                    broker.Id
                );
            }
        }

        return [.. found.Values];
    }

    /// <summary>One transactional id.</summary>
    /// <exception cref="KafkaException">There is no such id, or its coordinator cannot be asked in time.</exception>
    public async ValueTask<TransactionDescription> DescribeAsync(string transactionalId, CancellationToken cancel = default)
    {
        DescribeTransactionsResponse response = await new Coordinator(
            CoordinatorKind.Transaction,
            transactionalId,
            _runtime,
            _calls,
            _calls,
            _metadata
        ).CallAsync(
            new DescribeTransactionsRequest { TransactionalIds = [transactionalId] },
            static r => r.TransactionStates[0].ErrorCode,
            NewDeadline(cancel)
        );
        DescribeTransactionsResponse.DescribedTransaction described = response.TransactionStates[0];
        if (described.ErrorCode != ErrorCode.None)
        {
            throw new KafkaException(
                described.ErrorCode,
                described.ErrorCode == ErrorCode.TransactionalIdNotFound
                    ? $"transactional id {transactionalId}: there is no such id; 'transaction list' shows what there is"
                    : $"transactional id {transactionalId}: rejected with {described.ErrorCode}"
            );
        }

        return new TransactionDescription(
            described.TransactionalId,
            described.ProducerId,
            described.ProducerEpoch,
            described.TransactionState,
            described.TransactionTimeoutMs,
            described.TransactionStartTimeMs,
            [.. described.Topics.SelectMany(topic => topic.Partitions.Select(index => new TopicPartition(topic.Topic, index))).Order()]
        );
    }

    /// <summary>The producers that the leader of a partition knows.</summary>
    /// <exception cref="KafkaException">There is no such partition, or its leader cannot be asked in time.</exception>
    public async ValueTask<IReadOnlyList<PartitionProducer>> ProducersAsync(TopicPartition partition, CancellationToken cancel = default)
    {
        DescribeProducersRequest request = new() { Topics = [new() { Name = partition.Topic, PartitionIndexes = [partition.Partition] }] };
        DescribeProducersResponse response = await _brokers.AskLeaderAsync(
            partition,
            request,
            static r => r.Topics[0].Partitions[0].ErrorCode,
            $"producers of {partition}",
            NewDeadline(cancel)
        );
        return response
            .Topics[0]
            .Partitions[0]
            .ActiveProducers.ConvertAll(each => new PartitionProducer(
                partition,
                each.ProducerId,
                new ProducerEpoch((short)each.ProducerEpoch),
                each.CoordinatorEpoch,
                each.CurrentTxnStartOffset,
                each.LastTimestamp
            ));
    }

    /// <summary>
    /// The transactions of a topic that are open in a partition although their coordinator does not know of them, and that are older than a
    /// time: nobody will end them, and readers of committed records wait for them.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="olderThan">What is younger may still be on its way; at least the longest transaction timeout.</param>
    /// <exception cref="KafkaException">A broker cannot be asked in time.</exception>
    public async ValueTask<IReadOnlyList<PartitionProducer>> FindHangingAsync(
        string topic,
        TimeSpan olderThan,
        CancellationToken cancel = default
    )
    {
        TopicView view = await _metadata.TopicAsync(topic, NewDeadline(cancel));
        IReadOnlyList<TransactionListing> listed = await ListAsync(cancel);
        long before = _runtime.Time.GetUtcNow().ToUnixTimeMilliseconds() - (long)olderThan.TotalMilliseconds;
        List<PartitionProducer> hanging = [];
        for (int index = 0; index < view.Partitions.Count; index++)
        {
            TopicPartition partition = new(topic, index);
            foreach (PartitionProducer open in await ProducersAsync(partition, cancel))
            {
                if (open.TransactionStart != Offset.None && open.LastTimestampMs <= before && !await IsKnownAsync(open, listed, cancel))
                {
                    hanging.Add(open);
                }
            }
        }

        return hanging;
    }

    /// <summary>
    /// Fences the producer of a transactional id, and aborts the transaction that it has open: for the next producer that uses the id, or
    /// for none.
    /// </summary>
    /// <param name="transactionalId">The transactional id.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="KafkaException">The coordinator rejects, or cannot be asked in time.</exception>
    public async ValueTask FenceAsync(string transactionalId, CancellationToken cancel = default)
    {
        Coordinator coordinator = new(CoordinatorKind.Transaction, transactionalId, _runtime, _calls, _calls, _metadata);
        TransactionCalls calls = new(
            transactionalId,
            _runtime.Options.RequestTimeout,
            _runtime,
            coordinator,
            group => new Coordinator(CoordinatorKind.Group, group, _runtime, _calls, _calls, _metadata)
        );
        await calls.InitAsync(ProducerStamp.None, NewDeadline(cancel));
    }

    /// <summary>
    /// Ends a hanging transaction in one partition with an abort marker. Records of a transaction that its coordinator still runs are lost
    /// by this.
    /// </summary>
    /// <param name="hanging">The transaction, as <see cref="FindHangingAsync"/> or <see cref="ProducersAsync"/> told it.</param>
    /// <exception cref="KafkaException">The partition's leader rejects, or cannot be asked in time.</exception>
    public async ValueTask AbortAsync(PartitionProducer hanging, CancellationToken cancel = default)
    {
        WriteTxnMarkersRequest request = new()
        {
            Markers =
            [
                new()
                {
                    ProducerId = hanging.Producer,
                    ProducerEpoch = hanging.Epoch,
                    TransactionResult = false,
                    CoordinatorEpoch = Math.Max(0, hanging.CoordinatorEpoch),
                    Topics = [new() { Name = hanging.Partition.Topic, PartitionIndexes = [hanging.Partition.Partition] }],
                },
            ],
        };
        await _brokers.AskLeaderAsync(
            hanging.Partition,
            request,
            static r => r.Markers[0].Topics[0].Partitions[0].ErrorCode,
            $"abort of producer {hanging.Producer} in {hanging.Partition}",
            NewDeadline(cancel)
        );
    }

    private async ValueTask<bool> IsKnownAsync(PartitionProducer open, IReadOnlyList<TransactionListing> listed, CancellationToken cancel)
    {
        foreach (
            TransactionListing each in listed.Where(each =>
                each.Producer == open.Producer && each.State is Ongoing or "PrepareCommit" or "PrepareAbort"
            )
        )
        {
            if ((await DescribeAsync(each.Id, cancel)).Partitions.Contains(open.Partition))
            {
                return true;
            }
        }

        return false;
    }

    private CallDeadline NewDeadline(CancellationToken cancel) => new(_runtime.Waiters, _runtime.Options.CallTimeout, cancel);
}
