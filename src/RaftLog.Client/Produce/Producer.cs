using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Transactions;
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
    private readonly ProduceSender _sender;
    private readonly ProducerGate _gate;
    private readonly WaitingRecords _waiting;
    private readonly ObservedRecords _observed;
    private readonly CallbackRecords _withCallback;
    private readonly ProducerTransactions? _transactions;

    internal Producer(
        ProducerOptions options,
        ClientRuntime runtime,
        ConnectionSet connections,
        ClusterCalls calls,
        ClusterMetadata metadata,
        TransactionFlow? flow
    )
    {
        _options = options;
        _runtime = runtime;
        BufferBudget budget = new(runtime.Waiters, options.BufferMemory);
        BatchSource batches = new(
            new RecordBatchOptions(options.LargestBatch, options.Compression, options.CompressionLevel ?? RecordCompression.DefaultLevel),
            options.BufferMemory,
            runtime.Waiters,
            flow is not null
        );
        BatchOutcomes outcomes = new(options, runtime, metadata, budget, batches, flow);
        TopicLanes? lanes = null;
        _sender = new ProduceSender(options, runtime, connections, calls, metadata, outcomes, flow, topic => lanes!.Move(topic));
        lanes = new TopicLanes(options, runtime, metadata, budget, batches, _sender);
        _gate = new ProducerGate(options, _sender, flow);
        RecordAppender appender = new(runtime, metadata, _sender, flow);
        _waiting = new WaitingRecords(options, runtime, budget, lanes, appender);
        AwaitedRecords awaited = new(_gate, budget, lanes, appender, _waiting);
        _observed = new ObservedRecords(options.Interceptors, runtime, budget, awaited);
        _withCallback = new CallbackRecords(options, _gate, budget, lanes, appender, _waiting, awaited, _observed);
        _transactions = flow is null ? null : new ProducerTransactions(options, runtime, flow, _sender, FlushAsync);
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
    public void Produce(string topic, in ProducerRecord record, Action<ProduceResult, Exception?>? delivered = null) =>
        _withCallback.Take(topic, record, delivered);

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
    ) => _withCallback.TakeAsync(topic, record, delivered, cancel);

    /// <inheritdoc cref="AwaitedRecords.HandOverAsync"/>
    internal ValueTask<ProduceResult> AcceptAsync(string topic, in ProducerRecord record, bool borrowsBytes, CancellationToken cancel) =>
        _observed.HandOverAsync(topic, record, borrowsBytes, cancel);

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
    public ValueTask InitTransactionsAsync(CancellationToken cancel = default) => Transactions.InitAsync(cancel);

    /// <summary>
    /// Opens a transaction. Until it ends every record of this producer belongs to it. Dispose it: what is not committed then is aborted.
    /// </summary>
    /// <exception cref="InvalidOperationException">The producer has no transactional id.</exception>
    /// <exception cref="KafkaException">The producer is not ready for one, or another producer has taken over.</exception>
    public Transaction BeginTransaction() => new(this, Transactions, Transactions.Begin());

    /// <summary>
    /// Sends what is here, waits for its end, up to <see cref="ProducerOptions.CloseTimeout"/>, and closes. What is still here then fails.
    /// A transaction that is open is aborted.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (!_gate.TryClose())
        {
            return;
        }

        CallDeadline deadline = new(_runtime.Waiters, _options.CloseTimeout ?? _options.DeliveryTimeout + _options.MaxBlock);
        if (_transactions is { IsUnderWay: true })
        {
            await _transactions.TryEndAsync(deadline);
        }

        await FlushAsync(deadline);
        _sender.Close();
        _waiting.End();
    }

    private ProducerTransactions Transactions =>
        _transactions
        ?? throw new InvalidOperationException(
            "the producer has no transactional id; set ProducerOptions.TransactionalId (transactional.id)"
        );

    /// <summary>Waits for what stands in line for metadata or memory, and then for what is in the queues.</summary>
    private async ValueTask<bool> FlushAsync(CallDeadline deadline) =>
        await _waiting.HavePassedAsync(deadline) && await _sender.FlushAsync(deadline);
}
