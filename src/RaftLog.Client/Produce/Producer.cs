using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Observability;
using RaftLog.Client.Transactions;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>
/// Appends records to topics, idempotent unless told otherwise: no record twice, none out of order within its partition, across retries
/// and elections. Records are written straight into the batch that goes to the broker. Safe for concurrent use. <see cref="DisposeAsync"/> sends
/// what is still here.
/// </summary>
public sealed class Producer : IAsyncDisposable
{
    private readonly ProducerOptions _options;
    private readonly ClientRuntime _runtime;
    private readonly MetadataCache _metadata;
    private readonly BufferBudget _budget;
    private readonly BatchSource _batches;
    private readonly CompletionPool _completions = new();
    private readonly ProduceSender _sender;
    private readonly TransactionFlow? _transactions;
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, TopicLane> _lanes = new(StringComparer.Ordinal);
    private bool _closed;

    internal Producer(
        ProducerOptions options,
        ClientRuntime runtime,
        ConnectionSet connections,
        ClusterCalls calls,
        MetadataCache metadata,
        TransactionFlow? transactions)
    {
        _options = options;
        _runtime = runtime;
        _metadata = metadata;
        _budget = new BufferBudget(runtime.Waiters, options.BufferMemory);
        _batches = new BatchSource(new RecordBatchOptions(options.BatchSize, options.Compression), transactions is not null);
        _transactions = transactions;
        BatchOutcomes outcomes = new(options, runtime, metadata, _budget, _batches, transactions);
        _sender = new ProduceSender(options, runtime, connections, calls, metadata, outcomes, transactions, Move);
    }

    /// <summary>
    /// Hands a record over; completes when it is acknowledged as <see cref="ProducerOptions.Acks"/> says. Await the result once, or not at
    /// all. Records to one partition are appended in the order of the calls, awaited or not.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record.</param>
    /// <param name="cancel">Ends the wait. A record that was not handed over yet is not sent; one that was may still be appended.</param>
    /// <exception cref="KafkaException">The cluster refused the record, or did not acknowledge it in time.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<ProduceResult> ProduceAsync(string topic, in ProducerRecord record, CancellationToken cancel = default) =>
        AcceptAsync(topic, record, borrowsBytes: false, cancel);

    /// <param name="topic">The topic.</param>
    /// <param name="record">The record.</param>
    /// <param name="borrowsBytes">True when the record's bytes may change once this has returned.</param>
    /// <param name="cancel">Ends the wait.</param>
    internal ValueTask<ProduceResult> AcceptAsync(string topic, in ProducerRecord record, bool borrowsBytes, CancellationToken cancel) =>
        _runtime.Telemetry.WatchesSends
            ? WatchAsync(topic, record, borrowsBytes, cancel)
            : HandOverAsync(topic, record, borrowsBytes, cancel);

    /// <summary>The same, with the span and the measurements of the record; its span's context goes into its headers.</summary>
    private async ValueTask<ProduceResult> WatchAsync(string topic, ProducerRecord record, bool borrowsBytes, CancellationToken cancel)
    {
        ClientTelemetry telemetry = _runtime.Telemetry;
        long start = _runtime.Time.GetTimestamp();
        Activity? send = telemetry.StartSend(topic, record);
        try
        {
            ProduceResult result = await HandOverAsync(topic, send is null ? record : ClientTelemetry.WithContext(send, record), borrowsBytes, cancel);
            telemetry.Sent(topic, result.Partition, _runtime.Time.GetElapsedTime(start), send, result.Offset, null);
            return result;
        }
        catch (Exception e)
        {
            telemetry.Sent(topic, record.Partition, _runtime.Time.GetElapsedTime(start), send, Offset.None, e);
            throw;
        }
    }

    private ValueTask<ProduceResult> HandOverAsync(string topic, in ProducerRecord record, bool borrowsBytes, CancellationToken cancel)
    {
        long size = SizeOf(record);
        if (Refusal(topic, size) is { } refusal)
        {
            return ValueTask.FromException<ProduceResult>(refusal);
        }

        if (cancel.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<ProduceResult>(cancel);
        }

        long transaction = 0;
        if (_transactions?.WhyNotWrite(out transaction) is { } reason)
        {
            return ValueTask.FromException<ProduceResult>(reason);
        }

        ClusterView view = _metadata.View;
        TopicLane lane = _lanes.GetOrAdd(topic, static _ => new TopicLane());
        if (lane.IsFree && lane.Topic is { } known && IsCurrent(known, view) && IsIn(known, record) && _budget.TryTake(size))
        {
            if (!TryEnter(transaction, out KafkaException? ended))
            {
                _budget.Return(size);
                return ValueTask.FromException<ProduceResult>(ended);
            }

            RecordCompletion completion = Rent(record);
            ValueTask<ProduceResult> task = completion.Task;
            bool appended = TryAppend(known, record, size, view, completion);
            _transactions?.Leave();
            if (appended)
            {
                completion.EndWith(cancel);
                return task;
            }

            // The topic was made anew at this moment: its records are being moved, and this one comes behind them.
            _budget.Return(size);
            _completions.Return(completion);
        }

        return WaitAndAppendAsync(topic, lane, borrowsBytes ? record.Copy() : record, size, transaction, cancel);
    }

    /// <summary>Waits until everything that was handed over before is acknowledged or has failed.</summary>
    /// <param name="cancel">Ends the wait; the records go on.</param>
    /// <exception cref="KafkaException">It took longer than <see cref="ProducerOptions.DeliveryTimeout"/>.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async ValueTask FlushAsync(CancellationToken cancel = default)
    {
        if (!await FlushAsync(new Deadline(_runtime.Waiters, _options.DeliveryTimeout, cancel)))
        {
            throw new KafkaException(
                ErrorCode.RequestTimedOut, $"flush did not end within {_options.DeliveryTimeout.TotalSeconds} s (delivery.timeout.ms)");
        }
    }

    /// <summary>
    /// Gets ready for transactions: fences earlier producers with this transactional id and ends what they left. Called once before the first, and
    /// again when a commit or an abort could not be brought to its end, which this then does.
    /// </summary>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">The producer has no transactional id.</exception>
    /// <exception cref="KafkaException">The coordinator cannot be reached in time, or another producer has taken over.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask InitTransactionsAsync(CancellationToken cancel = default) => Transactions.InitAsync(FlushQueuesAsync, NewDeadline(cancel));

    /// <summary>
    /// Opens a transaction. Until it ends every record of this producer belongs to it. Dispose it: what is not committed then is aborted.
    /// </summary>
    /// <exception cref="InvalidOperationException">The producer has no transactional id.</exception>
    /// <exception cref="KafkaException">The producer is not ready for one, or another producer has taken over.</exception>
    public Transaction BeginTransaction() => new(this, Transactions.Begin());

    /// <summary>Sends what is here, waits for its end, and closes. A transaction that is open is aborted.</summary>
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

        if (_transactions is { IsUnderWay: true })
        {
            await TryEndAsync();
        }

        await FlushAsync(new Deadline(_runtime.Waiters, _options.DeliveryTimeout));
        _sender.Close();
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
        long transaction, ConsumerGroupMetadata group, IReadOnlyDictionary<TopicPartition, Offset> offsets, CancellationToken cancel) =>
        Transactions.SendOffsetsAsync(transaction, group, offsets, NewDeadline(cancel));

    internal ValueTask CommitAsync(long transaction, CancellationToken cancel)
    {
        Transactions.EnsureCurrent(transaction);
        return Transactions.CommitAsync(() => FlushAsync(cancel), EndDeadline(cancel));
    }

    internal ValueTask AbortAsync(long transaction, CancellationToken cancel)
    {
        Transactions.EnsureCurrent(transaction);
        return Transactions.AbortAsync(FlushQueuesAsync, EndDeadline(cancel));
    }

    /// <summary>Ends a transaction that nobody will end any more; what cannot be ended now is ended by the coordinator, or by the next producer.</summary>
    internal async ValueTask TryEndAsync(long transaction)
    {
        if (Transactions.IsCurrent(transaction))
        {
            await TryEndAsync();
        }
    }

    private async ValueTask TryEndAsync()
    {
        try
        {
            await (Transactions.IsCommitting
                ? Transactions.CommitAsync(FlushQueuesAsync, EndDeadline(default))
                : Transactions.AbortAsync(FlushQueuesAsync, EndDeadline(default)));
        }
        catch (KafkaException)
        {
            // Whoever begins the next transaction hears of it.
        }
    }

    /// <summary>Waits for all that is in the queues, where a transaction that is aborted rejects what has not left.</summary>
    private async ValueTask FlushQueuesAsync() => await _sender.FlushAsync(new Deadline(_runtime.Waiters, _options.DeliveryTimeout));

    private TransactionFlow Transactions => _transactions ?? throw new InvalidOperationException(
        "the producer has no transactional id; set ProducerOptions.TransactionalId (transactional.id)");

    private Deadline NewDeadline(CancellationToken cancel) => new(_runtime.Waiters, _options.MaxBlock, cancel);

    /// <summary>Until when a transaction is to have ended: its records first, then the coordinator.</summary>
    private Deadline EndDeadline(CancellationToken cancel) => new(_runtime.Waiters, _options.DeliveryTimeout + _options.MaxBlock, cancel);

    private KafkaException? Refusal(string topic, long size)
    {
        if (Volatile.Read(ref _closed) || _sender.IsClosed)
        {
            return new KafkaException(ErrorCode.InvalidRequest, "the producer is closed");
        }

        int limit = Math.Min(_options.MaxRequestSize, _options.BatchSize);
        return size <= limit
            ? null
            : new KafkaException(
                ErrorCode.MessageTooLarge,
                $"a record for topic '{topic}' takes {size} bytes, and at most {limit} fit (max.request.size, batch.size); raise both here and max.message.bytes of the topic, or store large values elsewhere");
    }

    /// <summary>Waits for what stands in line for metadata or memory, and then for what is in the queues.</summary>
    private async ValueTask<bool> FlushAsync(Deadline deadline)
    {
        foreach (TopicLane lane in _lanes.Values)
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
        await turn;
        lane.Leave(done);
        passed.TryComplete(WaitOutcome.Ready);
    }

    /// <summary>True when a record may join the transaction that it was produced in, whose end waits for it then.</summary>
    private bool TryEnter(long transaction, [NotNullWhen(false)] out KafkaException? reason)
    {
        reason = null;
        return _transactions?.TryEnter(transaction, out reason) ?? true;
    }

    private static long SizeOf(in ProducerRecord record) =>
        RecordBatchBuilder.LargestRecordSize(record.Key, record.Value, record.Headers.Span) + RecordBatch.HeaderSize;

    private static bool IsCurrent(ProducerTopic known, ClusterView view) => view.TryGetTopic(known.Name, out TopicView? told) && known.Is(told);

    private static bool IsIn(ProducerTopic topic, in ProducerRecord record) =>
        record.Partition is not { } partition || (uint)partition < (uint)topic.PartitionCount;

    private RecordCompletion Rent(in ProducerRecord record)
    {
        RecordCompletion completion = _completions.Rent();
        completion.IsPinned = record.Partition is not null;
        return completion;
    }

    private bool TryAppend(ProducerTopic topic, in ProducerRecord record, long size, ClusterView view, RecordCompletion completion)
    {
        long timestampMs = record.TimestampMs ?? _runtime.Time.GetUtcNow().ToUnixTimeMilliseconds();
        PartitionQueue queue = topic.Choose(record, view);
        AppendOutcome outcome = queue.Append(record, timestampMs, size, _runtime.Waiters.NowMs, completion);
        if (outcome == AppendOutcome.Began)
        {
            _sender.Wake(queue);
        }

        return outcome != AppendOutcome.Closed;
    }

    private async ValueTask<ProduceResult> WaitAndAppendAsync(
        string topic, TopicLane lane, ProducerRecord record, long size, long transaction, CancellationToken cancel)
    {
        Deadline deadline = new(_runtime.Waiters, _options.MaxBlock, cancel);
        ValueTask<ProduceResult> acknowledged;
        (Task turn, TaskCompletionSource done) = lane.Enter();
        try
        {
            await turn;
            cancel.ThrowIfCancellationRequested();
            ProducerTopic known = await LearnAsync(topic, lane, deadline);
            if (!IsIn(known, record))
            {
                throw new KafkaException(
                    ErrorCode.UnknownTopicOrPartition, $"topic '{topic}' has no partition {record.Partition}, only 0 to {known.PartitionCount - 1}");
            }

            if (!await _budget.TakeAsync(size, deadline))
            {
                throw new KafkaException(
                    ErrorCode.RequestTimedOut,
                    $"no room in buffer.memory ({_options.BufferMemory} bytes) within {_options.MaxBlock.TotalSeconds} s (max.block.ms): records come faster than the cluster takes them");
            }

            if (!TryEnter(transaction, out KafkaException? ended))
            {
                _budget.Return(size);
                throw ended;
            }

            RecordCompletion completion = Rent(record);
            acknowledged = completion.Task;
            bool appended = TryAppend(known, record, size, _metadata.View, completion);
            _transactions?.Leave();
            completion.EndWith(cancel);
            Invariant.Holds(appended, "C-03", "a topic's queues were closed by another than the one whose turn it is");
        }
        finally
        {
            lane.Leave(done);
        }

        return await acknowledged;
    }

    /// <summary>The topic's queues as the cluster describes it now. For the one whose turn it is in the lane.</summary>
    private async ValueTask<ProducerTopic> LearnAsync(string name, TopicLane lane, Deadline deadline)
    {
        TopicView told = await _metadata.TopicAsync(name, deadline);
        ProducerTopic? before = lane.Topic;
        if (before is not null && before.Is(told))
        {
            return before;
        }

        if (before is not null && !before.IsGrown(told))
        {
            return await MoveAsync(lane, before, told);
        }

        ProducerTopic topic = new(told, before, _batches, _runtime.Entropy);
        _sender.Add(topic.Queues);
        lane.Topic = topic;
        return topic;
    }

    /// <summary>The sender has found that a topic was made anew: its records go to the new one, whether or not more of them come.</summary>
    private void Move(string name)
    {
        if (_lanes.TryGetValue(name, out TopicLane? lane) && lane.TryBeginMove())
        {
            _runtime.Supervisor.Run("move records", () => MoveAsync(name, lane));
        }
    }

    private async Task MoveAsync(string name, TopicLane lane)
    {
        (Task turn, TaskCompletionSource done) = lane.Enter();
        try
        {
            await turn;
            await LearnAsync(name, lane, new Deadline(_runtime.Waiters, _options.MaxBlock));
        }
        catch (KafkaException)
        {
            // The topic is gone again, or nobody answers: the sender comes back, and each record has its own deadline.
        }
        finally
        {
            lane.Leave(done);
            lane.EndMove();
        }
    }

    /// <summary>
    /// Hands the records of a topic that was deleted to the one that was made in its place, in their order. What is with a broker is waited for,
    /// so that nothing older comes behind something newer. Keys choose among the partitions that there are now; a record whose caller
    /// named a partition that is gone fails.
    /// </summary>
    private async ValueTask<ProducerTopic> MoveAsync(TopicLane lane, ProducerTopic before, TopicView told)
    {
        List<(int Partition, ProducerBatch Batch)> batches = [];
        foreach (PartitionQueue queue in before.Queues)
        {
            foreach (ProducerBatch batch in await queue.CloseAsync(_runtime.Waiters))
            {
                batches.Add((queue.Partition.Partition, batch));
            }
        }

        ProducerTopic topic = new(told, null, _batches, _runtime.Entropy);
        _sender.Replace(before.Queues, topic.Queues);
        foreach ((int partition, ProducerBatch batch) in batches)
        {
            long moved = 0;
            batch.Dissolve(_batches.BatchLimit, (record, completion) => moved += HandOver(topic, record, completion, partition, batch.CreatedMs));
            _budget.Return(batch.Reserved - moved);
            _batches.Return(batch.Builder);
        }

        lane.Topic = topic;
        _sender.EndReplace();
        batches.ForEach(static each => each.Batch.EndFlushes());
        return topic;
    }

    /// <returns>The bytes of the budget that it keeps.</returns>
    private long HandOver(ProducerTopic topic, ProducerRecord record, RecordCompletion completion, int partition, long createdMs)
    {
        if (completion.IsPinned && partition >= topic.PartitionCount)
        {
            completion.Fail(new KafkaException(
                ErrorCode.UnknownTopicOrPartition,
                $"topic '{topic.Name}' was deleted and made anew with {topic.PartitionCount} partitions: there is no partition {partition} any more"));
            return 0;
        }

        long size = SizeOf(record);
        ProducerRecord placed = completion.IsPinned ? record with { Partition = partition } : record;
        PartitionQueue queue = topic.Choose(placed, _metadata.View);
        queue.Append(placed, placed.TimestampMs ?? 0, size, createdMs, completion);
        _sender.Wake(queue);
        return size;
    }
}
