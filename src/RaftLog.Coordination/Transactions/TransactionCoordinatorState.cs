using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Transactions;

/// <summary>
/// The transaction coordinator over one partition of <c>__transaction_state</c> (KIP-98, KIP-360, KIP-890): hands out producer ids and
/// epochs, keeps which partitions a transaction has, and decides it. A decision is durable before anybody learns of it; its markers are
/// asked for with the outbox, and <see cref="MarkersWritten"/> completes it.
/// </summary>
public sealed class TransactionCoordinatorState(TransactionSettings settings, ITransactionContext context) : ICoordinatorState
{
    private readonly SortedDictionary<string, TransactionEntry> _transactions = new(StringComparer.Ordinal);
    private readonly CompletionWaits _waits = new();
    private int _ongoing;
    private long _nextAbortMs = long.MaxValue;
    private long _nextExpiryMs = long.MaxValue;

    /// <inheritdoc />
    public long NextDeadlineMs =>
        Math.Min(
            _waits.NextDeadlineMs,
            Math.Min(_ongoing > 0 ? _nextAbortMs : long.MaxValue, _transactions.Count > 0 ? _nextExpiryMs : long.MaxValue)
        );

    /// <summary>The ids and how they stand, in the order of the ids.</summary>
    public IEnumerable<KeyValuePair<string, Transaction>> Transactions =>
        _transactions.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Durable));

    /// <inheritdoc />
    public void Replay(in CoordinatorRecord record, in RecordOrigin origin)
    {
        if (!TransactionRecords.TryReadKey(record.Key, out string? id))
        {
            return;
        }

        bool isKnown = _transactions.TryGetValue(id, out TransactionEntry? entry);
        bool wasOngoing = isKnown && entry!.Durable.Status == TransactionStatus.Ongoing;
        if (record.Value is not { } value)
        {
            _transactions.Remove(id);
            Count(wasOngoing, false);
            _waits.Complete(id);
            return;
        }

        Transaction transaction = TransactionRecords.ReadValue(value);
        if (entry is null)
        {
            _transactions.Add(id, new TransactionEntry(transaction));
        }
        else
        {
            entry.Durable = transaction;
        }

        Count(wasOngoing, transaction.Status == TransactionStatus.Ongoing);
        if (!transaction.Status.IsPrepared())
        {
            _waits.Complete(id);
        }
    }

    /// <inheritdoc />
    public void ReplayMarker(ProducerId producer, ProducerEpoch epoch, bool isCommit, Offset offset)
    {
        // Nobody writes to __transaction_state in a transaction.
    }

    /// <inheritdoc />
    public void Activate(CoordinatorTime now, Outbox outbox)
    {
        _nextAbortMs = now.MonotonicMs + settings.AbortIntervalMs;
        _nextExpiryMs = now.MonotonicMs + settings.ExpiryIntervalMs;
        foreach ((string id, TransactionEntry entry) in _transactions)
        {
            if (entry.Durable.Status.IsPrepared())
            {
                FinishPrepared(id, entry.Durable, now.WallMs, outbox);
            }
        }
    }

    /// <inheritdoc />
    public void Tick(CoordinatorTime now, Outbox outbox)
    {
        if (_waits.NextDeadlineMs <= now.MonotonicMs)
        {
            _waits.Tick(now, outbox);
            return;
        }

        if (now.MonotonicMs >= _nextAbortMs)
        {
            _nextAbortMs = now.MonotonicMs + settings.AbortIntervalMs;
            AbortTimedOut(now, outbox);
        }

        if (now.MonotonicMs >= _nextExpiryMs)
        {
            _nextExpiryMs = now.MonotonicMs + settings.ExpiryIntervalMs;
            Expire(now.WallMs, outbox);
        }
    }

    /// <summary>InitProducerId with a transactional id: a new epoch, which fences the incarnations before it.</summary>
    public void InitProducerId(RequestToken token, InitProducerIdRequest request, CoordinatorTime now, Outbox outbox)
    {
        string id = request.TransactionalId!;
        bool isNew = !_transactions.TryGetValue(id, out TransactionEntry? entry);
        Decision decision =
            id.Length == 0 ? Decision.Rejected(ErrorCode.InvalidRequest)
            : request.TransactionTimeoutMs <= 0 || request.TransactionTimeoutMs > settings.MaxTimeoutMs
                ? Decision.Rejected(ErrorCode.InvalidTransactionTimeout)
            : isNew && _transactions.Count >= settings.MostIds ? Decision.Rejected(ErrorCode.CoordinatorNotAvailable)
            : isNew && !TryBegin(out entry) ? Decision.Rejected(ErrorCode.CoordinatorLoadInProgress)
            : InitProducerIdRule.Decide(entry!, request.TransactionTimeoutMs, Expected(request), now.WallMs, context);
        if (decision.Next is { } next)
        {
            Take(id, isNew ? null : entry, decision, now.WallMs, outbox);
            if (decision.IsFence)
            {
                decision = Decision.Rejected(ErrorCode.ConcurrentTransactions);
            }
            else
            {
                outbox.Respond(token, new InitProducerIdResponse { ProducerId = next.Producer, ProducerEpoch = next.Epoch });
                return;
            }
        }

        outbox.Respond(token, new InitProducerIdResponse { ErrorCode = decision.Error, ProducerEpoch = ProducerEpoch.None });
    }

    /// <summary>
    /// AddPartitionsToTxn for one transaction: adds all partitions or none, or only tells whether they are in. The response has one result,
    /// for all versions. Waits for the transaction before to be complete (<see cref="TransactionSettings.CompletionWaitMs"/>).
    /// </summary>
    /// <param name="token">The request.</param>
    /// <param name="request">The transaction and its partitions.</param>
    /// <param name="clientVersion">The transaction version of the client.</param>
    /// <param name="now">The time.</param>
    /// <param name="outbox">What it brings about.</param>
    public void AddPartitions(
        RequestToken token,
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction request,
        short clientVersion,
        CoordinatorTime now,
        Outbox outbox
    ) => AddPartitions(token, request, clientVersion, settings.CompletionWaitMs, now, outbox);

    private void AddPartitions(
        RequestToken token,
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction request,
        short clientVersion,
        int waitMs,
        CoordinatorTime now,
        Outbox outbox
    )
    {
        List<TopicPartition> partitions =
        [
            .. request.Topics.SelectMany(topic => topic.Partitions.Select(index => new TopicPartition(topic.Name, index))),
        ];
        ErrorCode error =
            !request.VerifyOnly
                ? Add(request.TransactionalId, request.ProducerId, request.ProducerEpoch, partitions, clientVersion, now, outbox)
            : Find(request.TransactionalId, out TransactionEntry? entry) is var found && found != ErrorCode.None ? found
            : AddPartitionsRule.Verify(entry!.Durable, request.ProducerId, request.ProducerEpoch);
        if (error == ErrorCode.ConcurrentTransactions && !request.VerifyOnly && waitMs > 0)
        {
            _waits.Add(
                request.TransactionalId,
                now.MonotonicMs + waitMs,
                (later, output) => AddPartitions(token, request, clientVersion, waitMs: 0, later, output)
            );
            return;
        }

        AddPartitionsToTxnResponse.AddPartitionsToTxnResult result = new() { TransactionalId = request.TransactionalId };
        foreach (AddPartitionsToTxnRequest.AddPartitionsToTxnTopic topic in request.Topics)
        {
            AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult topicResult = new() { Name = topic.Name };
            foreach (int index in topic.Partitions)
            {
                bool isMissing =
                    request.VerifyOnly
                    && error == ErrorCode.None
                    && !_transactions[request.TransactionalId].Durable.Partitions.Contains(new TopicPartition(topic.Name, index));
                topicResult.ResultsByPartition.Add(
                    new() { PartitionIndex = index, PartitionErrorCode = isMissing ? ErrorCode.TransactionAbortable : error }
                );
            }

            result.TopicResults.Add(topicResult);
        }

        outbox.Respond(token, new AddPartitionsToTxnResponse { ResultsByTransaction = [result] });
    }

    /// <summary>AddOffsetsToTxn: adds the partition of <c>__consumer_offsets</c> that holds the group's offsets.</summary>
    public void AddOffsets(
        RequestToken token,
        AddOffsetsToTxnRequest request,
        TopicPartition offsets,
        CoordinatorTime now,
        Outbox outbox
    ) => AddOffsets(token, request, offsets, settings.CompletionWaitMs, now, outbox);

    private void AddOffsets(
        RequestToken token,
        AddOffsetsToTxnRequest request,
        TopicPartition offsets,
        int waitMs,
        CoordinatorTime now,
        Outbox outbox
    )
    {
        ErrorCode error = Add(request.TransactionalId, request.ProducerId, request.ProducerEpoch, [offsets], clientVersion: 0, now, outbox);
        if (error == ErrorCode.ConcurrentTransactions && waitMs > 0)
        {
            _waits.Add(
                request.TransactionalId,
                now.MonotonicMs + waitMs,
                (later, output) => AddOffsets(token, request, offsets, waitMs: 0, later, output)
            );
            return;
        }

        outbox.Respond(token, new AddOffsetsToTxnResponse { ErrorCode = error });
    }

    /// <summary>
    /// EndTxn: decides the transaction. Under transactions V2 the response tells the producer id and epoch to go on with.
    /// </summary>
    /// <param name="token">The request.</param>
    /// <param name="request">What the producer asks for.</param>
    /// <param name="clientVersion">The transaction version of the client.</param>
    /// <param name="now">The time.</param>
    /// <param name="outbox">What it brings about.</param>
    public void EndTransaction(RequestToken token, EndTxnRequest request, short clientVersion, CoordinatorTime now, Outbox outbox)
    {
        bool isV2 = clientVersion >= Transaction.FirstVersionWithEpochPerTransaction;
        ErrorCode found = Find(request.TransactionalId, out TransactionEntry? entry);
        Decision decision =
            found != ErrorCode.None ? Decision.Rejected(found)
            : isV2 ? EndTransactionRule.EndV2(entry!, request.ProducerId, request.ProducerEpoch, request.Committed, now.WallMs, context)
            : EndTransactionRule.EndV1(entry!, request.ProducerId, request.ProducerEpoch, request.Committed, now.WallMs);
        EndTxnResponse response = new() { ErrorCode = decision.Error };
        if (decision.Error == ErrorCode.None)
        {
            Transaction after = decision.Next?.Completed(now.WallMs) ?? entry!.Durable;
            (response.ProducerId, response.ProducerEpoch) = (after.Producer, after.Epoch);
        }

        if (decision.Next is not null)
        {
            Take(request.TransactionalId, entry, decision, now.WallMs, outbox);
        }

        outbox.Respond(token, response);
    }

    /// <summary>
    /// Every partition of a decided transaction has its marker: the transaction is complete. Passed over when it is not the one that waits.
    /// </summary>
    public void MarkersWritten(TransactionMarkers markers, CoordinatorTime now, Outbox outbox)
    {
        if (
            _transactions.TryGetValue(markers.TransactionalId, out TransactionEntry? entry)
            && entry.Durable is var prepared
            && prepared.Status.IsPrepared()
            && prepared.Producer == markers.Producer
            && prepared.Epoch == markers.Epoch
        )
        {
            Append(markers.TransactionalId, prepared.Status, prepared.Completed(now.WallMs), outbox);
        }
    }

    /// <summary>DescribeTransactions for one id.</summary>
    public void Describe(RequestToken token, string transactionalId, Outbox outbox)
    {
        DescribeTransactionsResponse.DescribedTransaction described = new() { TransactionalId = transactionalId };
        if (_transactions.TryGetValue(transactionalId, out TransactionEntry? entry))
        {
            Transaction transaction = entry.Durable;
            described.TransactionState = transaction.Status.ToString();
            described.TransactionTimeoutMs = transaction.TimeoutMs;
            described.TransactionStartTimeMs = transaction.StartMs;
            described.ProducerId = transaction.Producer;
            described.ProducerEpoch = transaction.Epoch;
            foreach (IGrouping<string, TopicPartition> topic in transaction.Partitions.GroupBy(partition => partition.Topic))
            {
                described.Topics.Add(new() { Topic = topic.Key, Partitions = [.. topic.Select(partition => partition.Partition)] });
            }
        }
        else
        {
            described.ErrorCode = ErrorCode.TransactionalIdNotFound;
        }

        outbox.Respond(token, new DescribeTransactionsResponse { TransactionStates = [described] });
    }

    /// <summary>ListTransactions for this partition.</summary>
    public void List(RequestToken token, TransactionFilter filter, CoordinatorTime now, Outbox outbox)
    {
        ListTransactionsResponse response = new();
        foreach ((string id, TransactionEntry entry) in _transactions)
        {
            if (filter.Includes(id, entry.Durable, now.WallMs))
            {
                response.TransactionStates.Add(
                    new()
                    {
                        TransactionalId = id,
                        ProducerId = entry.Durable.Producer,
                        TransactionState = entry.Durable.Status.ToString(),
                    }
                );
            }
        }

        outbox.Respond(token, response);
    }

    private static (ProducerId Id, ProducerEpoch Epoch)? Expected(InitProducerIdRequest request) =>
        request.ProducerId != ProducerId.None ? (request.ProducerId, request.ProducerEpoch) : null;

    private bool TryBegin(out TransactionEntry? entry)
    {
        entry = context.TryTakeProducerId(out ProducerId fresh) ? new TransactionEntry(new Transaction { Producer = fresh }) : null;
        return entry is not null;
    }

    private ErrorCode Find(string transactionalId, out TransactionEntry? entry)
    {
        entry = null;
        return transactionalId.Length == 0 ? ErrorCode.InvalidRequest
            : _transactions.TryGetValue(transactionalId, out entry) ? ErrorCode.None
            : ErrorCode.InvalidProducerIdMapping;
    }

    private ErrorCode Add(
        string transactionalId,
        ProducerId producer,
        ProducerEpoch epoch,
        IReadOnlyCollection<TopicPartition> partitions,
        short clientVersion,
        CoordinatorTime now,
        Outbox outbox
    )
    {
        if (Find(transactionalId, out TransactionEntry? entry) is var error && error != ErrorCode.None)
        {
            return error;
        }

        Decision decision = AddPartitionsRule.Add(entry!, producer, epoch, partitions, clientVersion, now.WallMs);
        if (decision.Next is not null)
        {
            Take(transactionalId, entry, decision, now.WallMs, outbox);
        }

        return decision.Error;
    }

    private void AbortTimedOut(CoordinatorTime now, Outbox outbox)
    {
        foreach ((string id, TransactionEntry entry) in _transactions)
        {
            Transaction durable = entry.Durable;
            if (entry.IsTimedOut(now) && EndTransactionRule.Fence(durable, now.WallMs, context) is { Next: not null } decision)
            {
                // Its producer may go on with InitProducerId (KIP-588): nobody else has taken its place.
                Take(id, entry, decision with { LastEpoch = durable.Epoch }, now.WallMs, outbox);
            }
        }
    }

    private void Expire(long nowMs, Outbox outbox)
    {
        foreach ((string id, TransactionEntry entry) in _transactions)
        {
            if (entry.Durable.Status.IsIdle() && entry.Durable.LastUpdateMs + settings.IdExpirationMs <= nowMs)
            {
                outbox.Append(TransactionRecords.Tombstone(id));
            }
        }
    }

    /// <summary>Writes what was decided, and asks for the markers of a transaction that was ended.</summary>
    private void Take(string id, TransactionEntry? entry, in Decision decision, long nowMs, Outbox outbox)
    {
        Transaction next = decision.Next!;
        Append(id, entry?.Durable.Status ?? TransactionStatus.Empty, next, outbox);
        if (entry is not null)
        {
            entry.LastEpoch = decision.LastEpoch;
            entry.WasFenced = decision.IsFence;
        }

        if (next.Status.IsPrepared())
        {
            FinishPrepared(id, next, nowMs, outbox);
        }
    }

    private void FinishPrepared(string id, Transaction prepared, long nowMs, Outbox outbox)
    {
        if (prepared.Partitions.IsEmpty)
        {
            Append(id, prepared.Status, prepared.Completed(nowMs), outbox);
            return;
        }

        outbox.Do(
            new TransactionMarkers(
                id,
                prepared.Producer,
                prepared.Epoch,
                prepared.Status == TransactionStatus.PrepareCommit,
                prepared.Partitions,
                prepared.ClientVersion
            )
        );
    }

    private void Append(string id, TransactionStatus before, Transaction next, Outbox outbox)
    {
        Invariant.Holds(
            TransactionStatuses.MayFollow(before, next.Status),
            "T-01",
            $"transactional id {id} would go from {before} to {next.Status}"
        );
        outbox.Append(TransactionRecords.Of(id, next, context.TransactionVersion));
    }

    private void Count(bool wasOngoing, bool isOngoing) => _ongoing += (isOngoing ? 1 : 0) - (wasOngoing ? 1 : 0);
}
