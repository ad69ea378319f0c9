using System.Diagnostics;
using RaftLog.Client.Connections;
using RaftLog.Client.Observability;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume.Parallel;

/// <summary>Runs handlers in parallel over what a consumer reads, and stores how far each partition is done without a gap.</summary>
internal sealed class RecordProcessor : IPartitionWork
{
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);

    private readonly ConsumerReader _reader;
    private readonly ConsumedOffsets _offsets;
    private readonly ClientRuntime _runtime;
    private readonly ProcessingOptions _options;
    private readonly ConsumerOptions _consumerOptions;
    private readonly Func<ConsumedRecord, CancellationToken, ValueTask> _handler;
    private readonly RecordLanes _lanes;
    private readonly AsyncSignal _ended;
    private readonly Lock _storing = new();
    private readonly Lock _lock = new();
    private Exception? _failure;
    private CancellationToken _cancel;
    private bool _isStopping;

    /// <param name="reader">Reads.</param>
    /// <param name="offsets">Where it is stored what is done.</param>
    /// <param name="runtime">Clock and waits.</param>
    /// <param name="options">How handlers run.</param>
    /// <param name="consumerOptions">The consumer's options, of which max.poll.interval.ms says how long a handler may run before the group
    /// gives its partitions to others.</param>
    /// <param name="handler">Handles one record.</param>
    public RecordProcessor(
        ConsumerReader reader,
        ConsumedOffsets offsets,
        ClientRuntime runtime,
        ProcessingOptions options,
        ConsumerOptions consumerOptions,
        Func<ConsumedRecord, CancellationToken, ValueTask> handler
    )
    {
        _reader = reader;
        _offsets = offsets;
        _runtime = runtime;
        _options = options;
        _consumerOptions = consumerOptions;
        _handler = handler;
        _lanes = new RecordLanes(options);
        _ended = new AsyncSignal(runtime.Waiters);
    }

    /// <inheritdoc />
    public long OldestMs
    {
        get
        {
            lock (_lock)
            {
                return _lanes.OldestMs;
            }
        }
    }

    /// <summary>Processes until it is cancelled or a handler fails; then waits for the handlers that run.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        bool isStuck = false;
        _cancel = cancel;
        try
        {
            while (!cancel.IsCancellationRequested && Failure is null)
            {
                // A handler that hangs must not keep its partitions for ever: without a reader the member leaves, and others take over.
                if (_runtime.Waiters.NowMs - OldestMs > _consumerOptions.MaxPollInterval.TotalMilliseconds)
                {
                    isStuck = SayStuck(isStuck);
                    await _ended.WaitAsync(Turn);
                    continue;
                }

                isStuck = false;
                using FetchedRecords? records = await _reader.ReadWhileAsync(Turn, HasRoom, cancel);
                if (records is not null)
                {
                    Take(records);
                    Begin();
                }
            }
        }
        finally
        {
            lock (_lock)
            {
                _isStopping = true;
            }

            await EndAsync();
        }

        if (Failure is { } failure)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <inheritdoc />
    public async ValueTask DrainAsync(IReadOnlyCollection<TopicPartition> partitions)
    {
        await WaitForAsync(partitions);
        Forget(partitions);
    }

    /// <summary>
    /// Waits for what is in work, and goes back to the first record that is not done in each partition: whoever reads on gets it again.
    /// </summary>
    private async ValueTask EndAsync()
    {
        IReadOnlyDictionary<TopicPartition, Offset> done;
        lock (_lock)
        {
            done = _lanes.Done();
        }

        await WaitForAsync([.. done.Keys]);
        lock (_lock)
        {
            done = _lanes.Done();
        }

        Forget([.. done.Keys]);

        foreach ((TopicPartition partition, Offset next) in done)
        {
            _reader.GoBack(partition, next);
        }
    }

    /// <summary>Begins nothing more of these partitions, and waits for what is in work.</summary>
    private async ValueTask WaitForAsync(IReadOnlyCollection<TopicPartition> partitions)
    {
        CallDeadline deadline = new(_runtime.Waiters, _options.DrainTimeout);
        lock (_lock)
        {
            _lanes.Stop(partitions);
        }

        while (!IsIdle(partitions) && !deadline.HasPassed && await _ended.WaitAsync(deadline.Remaining) != WaitOutcome.Closed) { }

        if (!IsIdle(partitions))
        {
            _runtime.Telemetry.Logger.HandlersAbandoned(Running, _options.DrainTimeout.TotalSeconds);
        }

        // A handler that has just ended may not have come to it, and what is stored is committed next.
        foreach (TopicPartition partition in partitions)
        {
            Store(partition);
        }
    }

    /// <inheritdoc />
    public void Forget(IReadOnlyCollection<TopicPartition> partitions)
    {
        List<CancellationTokenSource> abandoned;
        lock (_lock)
        {
            abandoned = _lanes.Forget(partitions);
        }

        abandoned.ForEach(static each => each.Cancel());
    }

    private int Running
    {
        get
        {
            lock (_lock)
            {
                return _lanes.Running;
            }
        }
    }

    private Exception? Failure
    {
        get
        {
            lock (_lock)
            {
                return _failure;
            }
        }
    }

    private bool HasRoom(TopicPartition partition)
    {
        lock (_lock)
        {
            return _lanes.HasRoom(partition) && _failure is null;
        }
    }

    private bool IsIdle(IReadOnlyCollection<TopicPartition> partitions)
    {
        lock (_lock)
        {
            return _lanes.IsIdle(partitions);
        }
    }

    private void Take(FetchedRecords records)
    {
        lock (_lock)
        {
            foreach (RecordView record in records)
            {
                _lanes.Add(record.ToRecord());
            }

            _lanes.Reach(records.Partition, records.Next);
        }

        Store(records.Partition);
    }

    /// <summary>
    /// Stores how far a partition is done. Of two that store at once, each of which sees what the other has done, the last one stores all
    /// of it. Not under <see cref="_lock"/>: whoever hands out records asks for room with the locks of the positions held.
    /// </summary>
    private void Store(TopicPartition partition)
    {
        lock (_storing)
        {
            Offset done;
            lock (_lock)
            {
                done = _lanes.DoneOf(partition);
            }

            _offsets.TryStore(partition, done);
        }
    }

    private void Begin()
    {
        List<RecordWork> begun = [];
        lock (_lock)
        {
            while (
                !_isStopping
                && !_cancel.IsCancellationRequested
                && _failure is null
                && _lanes.TryBegin(_runtime.Waiters.NowMs, out RecordWork? work)
            )
            {
                begun.Add(work);
            }
        }

        begun.ForEach(work => _runtime.Supervisor.Run("record handler", () => HandleAsync(work)));
    }

    private async Task HandleAsync(RecordWork work)
    {
        Exception? failure = null;
        bool isGivenUp = false;
        Activity? process = _runtime.Telemetry.StartProcess(work.Record, _consumerOptions.GroupId);
        long start = _runtime.Time.GetTimestamp();
        try
        {
            await _handler(work.Record, work.Abandoned);
        }
        catch (OperationCanceledException) when (_cancel.IsCancellationRequested || work.Abandoned.IsCancellationRequested)
        {
            isGivenUp = true;
        }
        catch (Exception e)
        {
            failure = e;
            _runtime.Telemetry.Logger.HandlerFailed(e, work.Record.Partition.ToString(), work.Record.Offset.Value);
        }

        _runtime.Telemetry.Processed(
            work.Record.Partition,
            _consumerOptions.GroupId,
            _runtime.Time.GetElapsedTime(start),
            process,
            failure
        );

        lock (_lock)
        {
            _lanes.End(work, isDone: failure is null && !isGivenUp);
            _failure ??= failure;
        }

        Store(work.Record.Partition);
        Begin();
        _ended.Set();
        _reader.Wake();
    }

    private bool SayStuck(bool isSaid)
    {
        if (!isSaid)
        {
            _runtime.Telemetry.Logger.HandlerStuck((long)_consumerOptions.MaxPollInterval.TotalSeconds);
        }

        return true;
    }
}
