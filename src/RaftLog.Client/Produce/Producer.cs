using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Observability;
using RaftLog.Client.Transactions;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>
/// Appends records to topics, idempotent unless told otherwise: no record twice, none out of order within its partition, across retries
/// and elections. Records are written straight into the batch that goes to the broker. Safe for concurrent use. <see cref="DisposeAsync"/>
/// sends what is still here.
/// </summary>
public sealed class Producer : IAsyncDisposable
{
    private readonly ProducerOptions _options;
    private readonly ClientRuntime _runtime;
    private readonly ClusterMetadata _metadata;
    private readonly BufferBudget _budget;
    private readonly CompletionPool _completions = new();
    private readonly ProduceSender _sender;
    private readonly TransactionFlow? _transactions;
    private readonly Lock _lock = new();
    private readonly TopicLanes _lanes;
    private readonly IReadOnlyList<IProducerInterceptor> _interceptors;
    private readonly CancellationTokenSource _ended = new();
    private bool _closed;

    internal Producer(
        ProducerOptions options,
        ClientRuntime runtime,
        ConnectionSet connections,
        ClusterCalls calls,
        ClusterMetadata metadata,
        TransactionFlow? transactions
    )
    {
        _options = options;
        _runtime = runtime;
        _metadata = metadata;
        _budget = new BufferBudget(runtime.Waiters, options.BufferMemory);
        BatchSource batches = new(
            new RecordBatchOptions(options.LargestBatch, options.Compression, options.CompressionLevel ?? RecordCompression.DefaultLevel),
            options.BufferMemory,
            runtime.Waiters,
            transactions is not null
        );
        _transactions = transactions;
        BatchOutcomes outcomes = new(options, runtime, metadata, _budget, batches, transactions);
        _sender = new ProduceSender(options, runtime, connections, calls, metadata, outcomes, transactions, topic => _lanes!.Move(topic));
        _lanes = new TopicLanes(options, runtime, metadata, _budget, batches, _sender);
        _interceptors = options.Interceptors;
    }

    /// <summary>
    /// Hands a record over; completes when it is acknowledged as <see cref="ProducerOptions.Acks"/> says. Await the result once, or not at
    /// all. Records to one partition are appended in the order of the calls, awaited or not.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record.</param>
    /// <param name="cancel">Ends the wait. A record that was not handed over yet is not sent; one that was may still be appended.</param>
    /// <exception cref="KafkaException">The cluster rejected the record, or did not acknowledge it in time.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<ProduceResult> ProduceAsync(string topic, in ProducerRecord record, CancellationToken cancel = default) =>
        AcceptAsync(topic, record, borrowsBytes: false, cancel);

    /// <summary>
    /// Hands a record over and returns at once, for whoever has nothing to wait with. Where <see cref="ProducerOptions.BufferMemory"/> is
    /// full it throws: await <see cref="ProduceAsync"/> instead, or <see cref="FlushAsync(CancellationToken)"/>, which hold a producer
    /// back.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record, whose bytes are copied before this returns.</param>
    /// <param name="delivered">
    /// Called once, with where the record stands or with why it was not acknowledged; null where nobody wants to know. Usually called by
    /// the loop that receives from the broker: it must be short, and what it throws is lost.
    /// </param>
    /// <exception cref="KafkaException">The record is too large, the buffer is full, the producer is closed, or no transaction is
    /// open.</exception>
    public void Produce(string topic, in ProducerRecord record, Action<ProduceResult, Exception?>? delivered = null)
    {
        long size = SizeOf(record);
        if (WhyNot(topic, size, out long transaction) is { } reason)
        {
            throw reason;
        }

        if (!_budget.TryTake(size))
        {
            throw NoRoom("now; await ProduceAsync or FlushAsync");
        }

        if (_interceptors.Count > 0 || _runtime.Telemetry.WatchesSends)
        {
            _ = RecordEnd.TellAsync(AcceptAsync(topic, record, borrowsBytes: true, CancellationToken.None, size), delivered);
            return;
        }

        TopicLane lane = _lanes.Of(topic);
        if (TryAppend(lane, record, size, transaction, new RecordEnd(delivered, record.Partition is not null), out KafkaException? wrong))
        {
            return;
        }

        if (wrong is not null)
        {
            _budget.Return(size);
            throw wrong;
        }

        _ = RecordEnd.TellAsync(
            WaitAndProduceAsync(topic, lane, record.Copy(), size, transaction, holdsMemory: true, CancellationToken.None),
            delivered
        );
    }

    /// <summary>
    /// Hands a record over as <see cref="Produce"/> does, and waits only for room: what a producer of many records awaits that is not to
    /// outrun the cluster. Records to one partition are appended in the order of the calls.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record. Its bytes may change once the returned task has ended.</param>
    /// <param name="delivered">As for <see cref="Produce"/>.</param>
    /// <param name="cancel">Ends the wait; the record is not sent then.</param>
    /// <exception cref="KafkaException">The record is too large, found no room or no metadata within
    /// <see cref="ProducerOptions.MaxBlock"/>, the producer is closed, or no transaction is open.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask EnqueueAsync(
        string topic,
        in ProducerRecord record,
        Action<ProduceResult, Exception?>? delivered = null,
        CancellationToken cancel = default
    )
    {
        long size = SizeOf(record);
        KafkaException? reason = WhyNot(topic, size, out long transaction);
        if (reason is not null)
        {
            return ValueTask.FromException(reason);
        }

        if (cancel.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancel);
        }

        if (_interceptors.Count > 0 || _runtime.Telemetry.WatchesSends)
        {
            return EnqueueWatchedAsync(topic, record, size, delivered, cancel);
        }

        TopicLane lane = _lanes.Of(topic);
        RecordEnd end = new(delivered, record.Partition is not null);
        bool holdsMemory = lane.IsFree && _budget.TryTake(size);
        if (holdsMemory && TryAppend(lane, record, size, transaction, end, out reason))
        {
            return ValueTask.CompletedTask;
        }

        if (reason is null)
        {
            return WaitAndAppendAsync(topic, lane, record, size, transaction, holdsMemory, end, cancel);
        }

        _budget.Return(size);
        return ValueTask.FromException(reason);
    }

    private async ValueTask EnqueueWatchedAsync(
        string topic,
        ProducerRecord record,
        long size,
        Action<ProduceResult, Exception?>? delivered,
        CancellationToken cancel
    )
    {
        if (!await _budget.TakeAsync(size, new CallDeadline(_runtime.Waiters, _options.MaxBlock, cancel)))
        {
            throw NoRoom($"within {_options.MaxBlock.TotalSeconds} s (max.block.ms)");
        }

        _ = RecordEnd.TellAsync(AcceptAsync(topic, record, borrowsBytes: true, CancellationToken.None, size), delivered);
    }

    /// <param name="topic">The topic.</param>
    /// <param name="record">The record.</param>
    /// <param name="borrowsBytes">True when the record's bytes may change once this has returned.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <param name="held">The bytes of memory that are taken for the record already.</param>
    internal ValueTask<ProduceResult> AcceptAsync(
        string topic,
        in ProducerRecord record,
        bool borrowsBytes,
        CancellationToken cancel,
        long held = 0
    ) =>
        _interceptors.Count > 0 ? InterceptedAsync(topic, borrowsBytes ? record.Copy() : record, cancel, held)
        : _runtime.Telemetry.WatchesSends ? WatchAsync(topic, record, borrowsBytes, cancel, held)
        : HandOverAsync(topic, record, borrowsBytes, cancel, held);

    private async ValueTask<ProduceResult> InterceptedAsync(string topic, ProducerRecord record, CancellationToken cancel, long held)
    {
        Interception interception;
        try
        {
            interception = Interception.Begin(_interceptors, topic, ref record);
        }
        catch (Exception)
        {
            _budget.Return(held);
            throw;
        }

        try
        {
            ProduceResult result = await WatchAsync(topic, record, borrowsBytes: false, cancel, held);
            interception.End(result, null);
            return result;
        }
        catch (Exception e)
        {
            interception.End(default, e);
            throw;
        }
    }

    /// <summary>The same, with the span and the measurements of the record; its span's context goes into its headers.</summary>
    private async ValueTask<ProduceResult> WatchAsync(
        string topic,
        ProducerRecord record,
        bool borrowsBytes,
        CancellationToken cancel,
        long held
    )
    {
        ClientTelemetry telemetry = _runtime.Telemetry;
        long start = _runtime.Time.GetTimestamp();
        Activity? send = telemetry.StartSend(topic, record);
        try
        {
            ProduceResult result = await HandOverAsync(
                topic,
                send is null ? record : ClientTelemetry.WithContext(send, record),
                borrowsBytes,
                cancel,
                held
            );
            telemetry.Sent(topic, result.Partition, _runtime.Time.GetElapsedTime(start), send, result.Offset, null);
            return result;
        }
        catch (Exception e)
        {
            telemetry.Sent(topic, record.Partition, _runtime.Time.GetElapsedTime(start), send, Offset.None, e);
            throw;
        }
    }

    private ValueTask<ProduceResult> HandOverAsync(
        string topic,
        in ProducerRecord record,
        bool borrowsBytes,
        CancellationToken cancel,
        long held
    )
    {
        long size = SizeOf(record);
        if (held != size)
        {
            // Whoever has watched it has changed it.
            _budget.Return(held);
            held = 0;
        }

        KafkaException? reason = WhyNot(topic, size, out long transaction);
        if (reason is null && !cancel.IsCancellationRequested)
        {
            TopicLane lane = _lanes.Of(topic);
            if (held == 0 && lane.IsFree && _budget.TryTake(size))
            {
                held = size;
            }

            if (held == size)
            {
                RecordCompletion completion = _completions.Rent();
                ValueTask<ProduceResult> task = completion.Task;
                if (TryAppend(lane, record, size, transaction, new RecordEnd(completion, record.Partition is not null), out reason))
                {
                    completion.EndWith(cancel);
                    return task;
                }

                _completions.Return(completion);
            }

            if (reason is null)
            {
                return WaitAndProduceAsync(
                    topic,
                    lane,
                    borrowsBytes ? record.Copy() : record,
                    size,
                    transaction,
                    holdsMemory: held == size,
                    cancel
                );
            }
        }

        _budget.Return(held);
        return reason is not null ? ValueTask.FromException<ProduceResult>(reason) : ValueTask.FromCanceled<ProduceResult>(cancel);
    }

    /// <summary>Waits until everything that was handed over before is acknowledged or has failed.</summary>
    /// <param name="cancel">Ends the wait; the records go on.</param>
    /// <exception cref="KafkaException">It took longer than <see cref="ProducerOptions.DeliveryTimeout"/>.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async ValueTask FlushAsync(CancellationToken cancel = default)
    {
        if (!await FlushAsync(new CallDeadline(_runtime.Waiters, _options.DeliveryTimeout, cancel)))
        {
            throw new KafkaException(
                ErrorCode.RequestTimedOut,
                $"flush did not end within {_options.DeliveryTimeout.TotalSeconds} s (delivery.timeout.ms)"
            );
        }
    }

    /// <summary>
    /// Gets ready for transactions: fences earlier producers with this transactional id and ends what they left. Called once before the
    /// first, and again when a commit or an abort could not be brought to its end, which this then does.
    /// </summary>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">The producer has no transactional id.</exception>
    /// <exception cref="KafkaException">The coordinator cannot be reached in time, or another producer has taken over.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask InitTransactionsAsync(CancellationToken cancel = default) =>
        Transactions.InitAsync(() => FlushQueuesAsync(cancel), NewDeadline(cancel));

    /// <summary>
    /// Opens a transaction. Until it ends every record of this producer belongs to it. Dispose it: what is not committed then is aborted.
    /// </summary>
    /// <exception cref="InvalidOperationException">The producer has no transactional id.</exception>
    /// <exception cref="KafkaException">The producer is not ready for one, or another producer has taken over.</exception>
    public Transaction BeginTransaction() => new(this, Transactions.Begin());

    /// <summary>
    /// Sends what is here, waits for its end, up to <see cref="ProducerOptions.CloseTimeout"/>, and closes. What is still here then fails.
    /// A transaction that is open is aborted.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
        }

        CallDeadline deadline = new(_runtime.Waiters, _options.CloseTimeout ?? _options.DeliveryTimeout + _options.MaxBlock);
        if (_transactions is { IsUnderWay: true })
        {
            await TryEndAsync(deadline);
        }

        await FlushAsync(deadline);
        _sender.Close();
        _ended.Cancel();
    }

    internal ValueTask<ProduceResult> ProduceInAsync(long transaction, string topic, in ProducerRecord record, CancellationToken cancel)
    {
        try
        {
            Transactions.EnsureCurrent(transaction);
        }
        catch (KafkaException e)
        {
            return ValueTask.FromException<ProduceResult>(e);
        }

        return ProduceAsync(topic, record, cancel);
    }

    internal ValueTask SendOffsetsAsync(
        long transaction,
        ConsumerGroupMetadata group,
        IReadOnlyDictionary<TopicPartition, Offset> offsets,
        CancellationToken cancel
    ) => Transactions.SendOffsetsAsync(transaction, group, offsets, NewDeadline(cancel));

    internal ValueTask CommitAsync(long transaction, CancellationToken cancel)
    {
        Transactions.EnsureCurrent(transaction);
        return Transactions.CommitAsync(() => FlushAsync(cancel), EndDeadline(cancel));
    }

    internal ValueTask AbortAsync(long transaction, CancellationToken cancel)
    {
        Transactions.EnsureCurrent(transaction);
        return Transactions.AbortAsync(() => FlushQueuesAsync(cancel), EndDeadline(cancel));
    }

    /// <summary>
    /// Ends a transaction that nobody will end any more; what cannot be ended now is ended by the coordinator, or by the next producer.
    /// </summary>
    internal async ValueTask TryEndAsync(long transaction)
    {
        if (Transactions.IsCurrent(transaction))
        {
            await TryEndAsync(EndDeadline(default));
        }
    }

    private async ValueTask TryEndAsync(CallDeadline deadline)
    {
        Func<ValueTask> flushAsync = async () => await _sender.FlushAsync(deadline);
        try
        {
            await (
                Transactions.IsCommitting ? Transactions.CommitAsync(flushAsync, deadline) : Transactions.AbortAsync(flushAsync, deadline)
            );
        }
        catch (KafkaException)
        {
            // Whoever begins the next transaction hears of it.
        }
    }

    /// <summary>Waits for all that is in the queues, where a transaction that is aborted rejects what has not left.</summary>
    private async ValueTask FlushQueuesAsync(CancellationToken cancel) =>
        await _sender.FlushAsync(new CallDeadline(_runtime.Waiters, _options.DeliveryTimeout, cancel));

    private TransactionFlow Transactions =>
        _transactions
        ?? throw new InvalidOperationException(
            "the producer has no transactional id; set ProducerOptions.TransactionalId (transactional.id)"
        );

    private CallDeadline NewDeadline(CancellationToken cancel) => new(_runtime.Waiters, _options.MaxBlock, cancel);

    /// <summary>Until when a transaction is to have ended: its records first, then the coordinator.</summary>
    private CallDeadline EndDeadline(CancellationToken cancel) =>
        new(_runtime.Waiters, _options.DeliveryTimeout + _options.MaxBlock, cancel);

    private KafkaException? WhyNot(string topic, long size, out long transaction)
    {
        transaction = 0;
        if (Volatile.Read(ref _closed) || _sender.IsClosed)
        {
            return Closed();
        }

        int limit = _options.LargestBatch;
        return size <= limit
            ? _transactions?.WhyNotWrite(out transaction)
            : new KafkaException(
                ErrorCode.MessageTooLarge,
                $"a record for topic '{topic}' takes {size} bytes, and at most {limit} fit (max.request.size, batch.size); raise both "
                    + $"here and max.message.bytes of the topic, or store large values elsewhere"
            );
    }

    private static KafkaException Closed() => new(ErrorCode.InvalidRequest, "the producer is closed");

    private KafkaException NoRoom(string when) =>
        new(
            ErrorCode.RequestTimedOut,
            $"no room in buffer.memory ({_options.BufferMemory} bytes) {when}: records come faster than the cluster takes them"
        );

    /// <summary>Waits for what stands in line for metadata or memory, and then for what is in the queues.</summary>
    private async ValueTask<bool> FlushAsync(CallDeadline deadline)
    {
        foreach (TopicLane lane in _lanes.All)
        {
            if (lane.IsFree)
            {
                continue;
            }

            Wait passed = _runtime.Waiters.Rent(deadline.Remaining);
            _runtime.Supervisor.Run("flush", () => PassAsync(lane, passed));
            if (await deadline.OutcomeAsync(passed) != WaitOutcome.Ready)
            {
                return false;
            }
        }

        return await _sender.FlushAsync(deadline);
    }

    /// <summary>Takes a turn in a lane: those before have had theirs.</summary>
    private static async Task PassAsync(TopicLane lane, Wait passed)
    {
        (Task turn, TaskCompletionSource done) = lane.Enter();
        await LeaveAsync(lane, turn, done);
        passed.TryComplete(WaitOutcome.Ready);
    }

    /// <summary>Waits for a turn; false when the client is closed first.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    private async ValueTask<bool> HasComeAsync(Task turn, CallDeadline deadline)
    {
        Wait come = _runtime.Waiters.Rent(Timeout.InfiniteTimeSpan);
        _ = EndAsync(turn, come);
        return await deadline.OutcomeAsync(come) == WaitOutcome.Ready;
    }

    private static async Task EndAsync(Task turn, Wait come)
    {
        await turn;
        come.TryComplete(WaitOutcome.Ready);
    }

    /// <summary>True when a record may join the transaction that it was produced in, whose end waits for it then.</summary>
    private bool TryEnter(long transaction, [NotNullWhen(false)] out KafkaException? reason)
    {
        reason = null;
        return _transactions?.TryEnter(transaction, out reason) ?? true;
    }

    /// <summary>Gives the turn to the next, though not before it has come.</summary>
    private static async Task LeaveAsync(TopicLane lane, Task turn, TaskCompletionSource done)
    {
        await turn;
        lane.Leave(done);
    }

    internal static long SizeOf(in ProducerRecord record) =>
        RecordBatchBuilder.LargestRecordSize(record.Key, record.Value, record.Headers.Span) + RecordBatch.HeaderSize;

    private static bool IsIn(ProducerTopic topic, in ProducerRecord record) =>
        record.Partition is not { } partition || (uint)partition < (uint)topic.PartitionCount;

    /// <summary>Appends a record where nothing has to be waited for. Its memory is taken already.</summary>
    /// <returns>False when something has to be waited for after all, or with a reason when the record cannot be sent.</returns>
    private bool TryAppend(TopicLane lane, in ProducerRecord record, long size, long transaction, RecordEnd end, out KafkaException? wrong)
    {
        wrong = null;
        ClusterView view = _metadata.View;
        return lane.IsFree
            && lane.Topic is { } known
            && known.IsIn(view)
            && IsIn(known, record)
            && TryAppend(known, record, size, transaction, view, end, out wrong);
    }

    /// <summary>Appends to the record's partition; false where it must wait for room or for what is known of the topic.</summary>
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
        if (!topic.TryChoose(record, view, _runtime.Waiters, out PartitionQueue? queue, out wrong) || !TryEnter(transaction, out wrong))
        {
            return false;
        }

        long timestampMs = record.TimestampMs ?? _runtime.Time.GetUtcNow().ToUnixTimeMilliseconds();
        BatchOutcome outcome = queue.Append(record, timestampMs, size, createdMs: null, end);
        _transactions?.Leave();
        if (outcome == BatchOutcome.Began)
        {
            _sender.WakeHere(queue);
        }

        if (_sender.IsClosed)
        {
            // It was closed at this moment, and its loop may have looked for the last time.
            _sender.FailAll();
        }

        // Closed: the topic was made anew at this moment. Its records are being moved, and this one comes behind them.
        return outcome != BatchOutcome.Closed;
    }

    private async ValueTask<ProduceResult> WaitAndProduceAsync(
        string topic,
        TopicLane lane,
        ProducerRecord record,
        long size,
        long transaction,
        bool holdsMemory,
        CancellationToken cancel
    )
    {
        RecordCompletion completion = _completions.Rent();
        ValueTask<ProduceResult> acknowledged = completion.Task;
        try
        {
            await WaitAndAppendAsync(
                topic,
                lane,
                record,
                size,
                transaction,
                holdsMemory,
                new RecordEnd(completion, record.Partition is not null),
                cancel
            );
        }
        catch (Exception)
        {
            _completions.Return(completion);
            throw;
        }

        completion.EndWith(cancel);
        return await acknowledged;
    }

    private async ValueTask WaitAndAppendAsync(
        string topic,
        TopicLane lane,
        ProducerRecord record,
        long size,
        long transaction,
        bool holdsMemory,
        RecordEnd end,
        CancellationToken cancel
    )
    {
        using CancellationTokenSource? linked = cancel.CanBeCanceled
            ? CancellationTokenSource.CreateLinkedTokenSource(cancel, _ended.Token)
            : null;
        CancellationToken givenUp = linked?.Token ?? _ended.Token;
        CallDeadline deadline = new(_runtime.Waiters, _options.MaxBlock, givenUp);
        (Task turn, TaskCompletionSource done) = lane.Enter();
        try
        {
            // Before the turn: whoever is behind may hold memory, and must not keep it from whoever is in front.
            if (!holdsMemory && !await _budget.TakeAsync(size, deadline))
            {
                throw NoRoom($"within {_options.MaxBlock.TotalSeconds} s (max.block.ms)");
            }

            holdsMemory = true;
            if (!turn.IsCompleted && !await HasComeAsync(turn, deadline))
            {
                throw Closed();
            }

            givenUp.ThrowIfCancellationRequested();
            ProducerTopic known = await _lanes.LearnAsync(topic, lane, deadline);
            if (!IsIn(known, record))
            {
                throw new KafkaException(
                    ErrorCode.UnknownTopicOrPartition,
                    $"topic '{topic}' has no partition {record.Partition}, only 0 to {known.PartitionCount - 1}"
                );
            }

            bool appended = TryAppend(known, record, size, transaction, _metadata.View, end, out KafkaException? wrong);
            if (wrong is not null)
            {
                throw wrong;
            }

            Invariant.Holds(appended, "C-03", "a topic's queues were closed by another than the one whose turn it is");
            holdsMemory = false;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw Closed();
        }
        finally
        {
            if (holdsMemory)
            {
                _budget.Return(size);
            }

            _ = LeaveAsync(lane, turn, done);
        }
    }
}
