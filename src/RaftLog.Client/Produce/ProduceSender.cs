using System.Runtime.CompilerServices;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Transactions;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>
/// The loop that takes batches from their queues to their leaders: as many partitions in a request as are ready, a bounded number of
/// requests to a broker. Only this loop takes batches and renews the producer's identity.
/// </summary>
internal sealed class ProduceSender
{
    private const long NoLeaderPauseMs = 50;

    /// <summary>
    /// Turns without a wait between them, after which the loop gives up its thread: that may be a caller's, whom
    /// <see cref="WakeHere"/> lent to the loop and who waits to go on.
    /// </summary>
    private const int MostTurnsInARow = 16;

    private readonly ProducerOptions _options;
    private readonly ClientRuntime _runtime;
    private readonly ConnectionSet _connections;
    private readonly ClusterMetadata _metadata;
    private readonly TransactionFlow? _transactions;

    /// <summary>Of an idempotent producer without transactions, which number their batches themselves.</summary>
    private readonly ProducerIdentity? _identity;
    private readonly QueueSchedule _schedule = new();
    private readonly QueueSet _queues;
    private readonly LeaderSearch _leaders;
    private readonly ProduceRequests _requests;
    private readonly ProducerFlush _flush;
    private readonly AsyncSignal _wake;
    private int _first;
    private int _turnsInARow;
    private bool _closed;

    public ProduceSender(
        ProducerOptions options,
        ClientRuntime runtime,
        ConnectionSet connections,
        ClusterCalls calls,
        ClusterMetadata metadata,
        BatchOutcomes outcomes,
        TransactionFlow? transactions,
        Action<string> topicRemade
    )
    {
        _options = options;
        _runtime = runtime;
        _connections = connections;
        _metadata = metadata;
        _transactions = transactions;
        _identity = options.IsIdempotent && transactions is null ? new ProducerIdentity(calls) : null;
        _wake = new AsyncSignal(runtime.Waiters);
        _queues = new QueueSet(options, runtime, outcomes);
        _leaders = new LeaderSearch(options, metadata, outcomes, topicRemade);
        _requests = new ProduceRequests(options, runtime, connections, outcomes, _schedule, transactions, RequestEnded);
        _flush = new ProducerFlush(options, runtime, _queues, _schedule, _wake);
        if (transactions is not null)
        {
            transactions.Changed += _wake.Set;
        }

        runtime.Supervisor.Run("producer", RunAsync);
    }

    /// <summary>True once nothing is sent any more.</summary>
    public bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>Adds the queues of a topic; those that are known stay.</summary>
    public void Add(IReadOnlyList<PartitionQueue> queues) => _queues.Exchange([], queues);

    /// <summary>
    /// Exchanges the queues of a topic that was made anew. Until <see cref="EndReplace"/> records are under way from the old ones to the
    /// new.
    /// </summary>
    public void Replace(IReadOnlyList<PartitionQueue> before, IReadOnlyList<PartitionQueue> after)
    {
        _queues.Exchange(before, after);

        // The new log may have seen numbers of this epoch, under a view of the cluster that came and went.
        _identity?.EndEpoch();
        _transactions?.RecordsFailed(
            new KafkaException(ErrorCode.UnknownTopicOrPartition, $"topic '{before[0].Partition.Topic}' was deleted and made anew"),
            mayBeAppended: true
        );
    }

    /// <summary>The records are in the new queues.</summary>
    public void EndReplace() => _queues.EndReplace();

    /// <summary>There is something to send in a queue.</summary>
    public void Wake(PartitionQueue queue)
    {
        _schedule.List(queue);
        _wake.Set();
    }

    /// <summary>
    /// The same, from a caller who holds no lock: where no request is under way and nothing lingers, a lone record leaves on the caller's
    /// thread, before this returns.
    /// </summary>
    public void WakeHere(PartitionQueue queue)
    {
        _schedule.List(queue);
        if (_options.Linger == TimeSpan.Zero && !_requests.AreUnderWay)
        {
            _wake.SetHere();
        }
        else
        {
            _wake.Set();
        }
    }

    /// <inheritdoc cref="ProducerFlush.RunAsync"/>
    public ValueTask<bool> FlushAsync(CallDeadline deadline) => _flush.RunAsync(deadline);

    /// <summary>Ends the loop; what is still in the queues fails.</summary>
    public void Close()
    {
        Volatile.Write(ref _closed, true);
        _wake.Set();
    }

    /// <inheritdoc cref="QueueSet.FailClosed"/>
    public void FailAll() => _queues.FailClosed();

    private async Task RunAsync()
    {
        TimeSpan pause = Timeout.InfiniteTimeSpan;
        while (await NextTurnAsync(pause) != WaitOutcome.Closed && !IsClosed)
        {
            long nowMs = _runtime.Waiters.NowMs;
            _schedule.Take(nowMs);
            _queues.FailExpired(nowMs, _schedule.Taken.Count > 0);
            _queues.FailRejected();

            if (_identity is { } identity && identity.MustBeRenewedFor(_schedule.Taken) && !await TryRenewAsync(identity))
            {
                _schedule.ListAgain();
                pause = _runtime.Options.RetryBackoff;
                continue;
            }

            long wakeAtMs = SendReady(_metadata.Poll(_wake));
            pause = wakeAtMs == long.MaxValue ? Timeout.InfiniteTimeSpan : _runtime.Waiters.Until(wakeAtMs);
        }

        Close();
        FailAll();
        _connections.Dispose();
    }

    /// <summary>Waits for something to do.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<WaitOutcome> NextTurnAsync(TimeSpan pause)
    {
        ValueTask<WaitOutcome> wake = _wake.WaitAsync(pause);
        _turnsInARow = wake.IsCompleted ? _turnsInARow + 1 : 0;
        if (_turnsInARow >= MostTurnsInARow)
        {
            _turnsInARow = 0;
            await Task.Yield();
        }

        return await wake;
    }

    private async ValueTask<bool> TryRenewAsync(ProducerIdentity identity)
    {
        try
        {
            await identity.RenewAsync(new CallDeadline(_runtime.Waiters, _runtime.Options.RequestTimeout));
            return true;
        }
        catch (KafkaException e)
        {
            if (!e.IsRetriable)
            {
                _queues.Fail(e);
            }

            return false;
        }
    }

    /// <summary>Sends what is ready and may leave; when to look again.</summary>
    private long SendReady(ClusterView view)
    {
        long nowMs = _runtime.Waiters.NowMs;
        long lingerMs = _flush.IsUnderWay ? 0 : (long)_options.Linger.TotalMilliseconds;
        bool isBehind = false;

        // A different partition goes first each time, so that none is always the one that does not fit any more.
        _first = _schedule.Taken.Count == 0 ? 0 : (_first + 1) % _schedule.Taken.Count;
        for (int i = 0; i < _schedule.Taken.Count; i++)
        {
            isBehind |= IsLeftBehind(_schedule.Taken[(_first + i) % _schedule.Taken.Count], view, nowMs, lingerMs);
        }

        _requests.Send();
        return isBehind ? nowMs : Math.Min(_schedule.NextMs(), _queues.NextExpiryMs);
    }

    /// <summary>Puts what is ready in a queue into its leader's request; true where that is full, so that another turn is needed.</summary>
    private bool IsLeftBehind(PartitionQueue queue, ClusterView view, long nowMs, long lingerMs)
    {
        int size = queue.SizeOfReady(nowMs, lingerMs, out long readyAtMs);
        if (size == 0)
        {
            if (readyAtMs != long.MaxValue)
            {
                _schedule.ListAt(queue, readyAtMs);
            }

            return false;
        }

        if (!_leaders.TryFind(queue, view, nowMs, out TopicView? topic, out NodeId leader))
        {
            _schedule.ListAt(queue, nowMs + NoLeaderPauseMs);
            return false;
        }

        if (_transactions?.TryUse(queue.Partition) == false)
        {
            _schedule.List(queue);
            return false;
        }

        if (_requests.DraftFor(leader) is not { } draft)
        {
            // The end of one of its requests lists the queue again.
            _schedule.List(queue);
            return false;
        }

        if (draft.Entries.Count > 0 && draft.Bytes + size > _options.MaxRequestSize)
        {
            _schedule.List(queue);
            return true;
        }

        draft.Add(queue, queue.Take(Stamp), topic);
        return false;
    }

    /// <summary>
    /// What a batch is numbered under. Read once the batch is known to be there, and not before: its records may be the first of a
    /// transaction that has just begun, whose epoch is another than a moment ago.
    /// </summary>
    private ProducerStamp Stamp => _transactions?.Stamp ?? _identity?.Current ?? ProducerStamp.None;

    private void RequestEnded()
    {
        if (IsClosed)
        {
            FailAll();
        }

        _wake.SetHere();
    }
}
