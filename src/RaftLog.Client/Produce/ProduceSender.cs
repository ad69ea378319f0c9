using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Transactions;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>
/// The loop that takes batches from their queues to their leaders: as many partitions in a request as are ready, a bounded number of
/// requests to a broker. Only this loop takes batches and renews the producer's identity.
/// </summary>
internal sealed class ProduceSender
{
    private const long ExpiryCheckMs = 1000;
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
    private readonly BatchOutcomes _outcomes;
    private readonly ProducerIdentity _identity;
    private readonly TransactionFlow? _transactions;
    private readonly QueueSchedule _schedule = new();
    private readonly Action<string> _topicRemade;
    private readonly AsyncSignal _wake;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<NodeId, int> _inFlight = [];

    /// <summary>Drafts that wait to be used again.</summary>
    private readonly Stack<ProduceDraft> _spareDrafts = new();

    /// <summary>What a turn of the loop sends; empty between turns.</summary>
    private readonly List<ProduceDraft> _drafts = [];
    private PartitionQueue[] _queues = [];
    private bool _needsEpoch;
    private long _nextExpiryMs = long.MaxValue;
    private int _replaced;
    private int _first;
    private int _flushing;
    private int _underWay;
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
        _outcomes = outcomes;
        _transactions = transactions;
        _topicRemade = topicRemade;
        _identity = new ProducerIdentity(calls);
        _wake = new AsyncSignal(runtime.Waiters);
        if (transactions is not null)
        {
            transactions.Changed += _wake.Set;
        }

        runtime.Supervisor.Run("producer", RunAsync);
    }

    /// <summary>True once nothing is sent any more.</summary>
    public bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>Adds the queues of a topic; those that are known stay.</summary>
    public void Add(IReadOnlyList<PartitionQueue> queues) => Replace([], queues);

    /// <summary>
    /// Exchanges the queues of a topic that was made anew. Until <see cref="EndReplace"/> records are under way from the old ones to the
    /// new.
    /// </summary>
    public void Replace(IReadOnlyList<PartitionQueue> before, IReadOnlyList<PartitionQueue> after)
    {
        lock (_lock)
        {
            HashSet<PartitionQueue> all = [.. _queues];
            all.ExceptWith(before);
            all.UnionWith(after);
            Volatile.Write(ref _queues, [.. all]);

            // The new log may have seen numbers of this epoch, under a view of the cluster that came and went.
            _needsEpoch |= before.Count > 0;
        }

        if (before.Count > 0)
        {
            _transactions?.RecordsFailed(
                new KafkaException(ErrorCode.UnknownTopicOrPartition, $"topic '{before[0].Partition.Topic}' was deleted and made anew"),
                mayBeAppended: true
            );
        }
    }

    /// <summary>The records are in the new queues.</summary>
    public void EndReplace() => Interlocked.Increment(ref _replaced);

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
        if (_options.Linger == TimeSpan.Zero && Volatile.Read(ref _underWay) == 0)
        {
            _wake.SetHere();
        }
        else
        {
            _wake.Set();
        }
    }

    /// <summary>
    /// Sends everything that is in the queues now without lingering, and waits until it is decided; false when the time is over first.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<bool> FlushAsync(CallDeadline deadline)
    {
        Interlocked.Increment(ref _flushing);
        try
        {
            bool all = true;
            int replaced;
            do
            {
                replaced = Volatile.Read(ref _replaced);
                List<Wait> waits = [];
                foreach (PartitionQueue queue in Volatile.Read(ref _queues))
                {
                    queue.Flush(() => _runtime.Waiters.Rent(deadline.Remaining), waits);
                    if (_options.Linger > TimeSpan.Zero)
                    {
                        _schedule.List(queue);
                    }
                }

                // What lingers may leave now. Without lingering the loop has been woken for every batch, and is not woken for nothing.
                if (_options.Linger > TimeSpan.Zero)
                {
                    _wake.Set();
                }

                foreach (Wait wait in waits)
                {
                    all &= await deadline.OutcomeAsync(wait) == WaitOutcome.Ready;
                }
            } while (all && replaced != Volatile.Read(ref _replaced));
            return all;
        }
        finally
        {
            Interlocked.Decrement(ref _flushing);
        }
    }

    /// <summary>Ends the loop; what is still in the queues fails.</summary>
    public void Close()
    {
        Volatile.Write(ref _closed, true);
        _wake.Set();
    }

    private async Task RunAsync()
    {
        TimeSpan pause = Timeout.InfiniteTimeSpan;
        while (await NextTurnAsync(pause) != WaitOutcome.Closed && !IsClosed)
        {
            long nowMs = _runtime.Waiters.NowMs;
            _schedule.Take(nowMs);
            FailExpired(nowMs);
            if (_transactions?.Rejection is { } rejection)
            {
                _outcomes.Discard(Volatile.Read(ref _queues), rejection);
            }

            if (NeedsIdentity() && !await TryRenewIdentityAsync())
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

    private bool NeedsIdentity()
    {
        if (!_options.IsIdempotent || _transactions is not null || _schedule.Taken.Count == 0)
        {
            return false;
        }

        ProducerStamp current = _identity.Current;
        if (!current.Id.IsPresent || Volatile.Read(ref _needsEpoch))
        {
            return true;
        }

        foreach (PartitionQueue queue in _schedule.Taken)
        {
            if (queue.NeedsEpochAfter(current))
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<bool> TryRenewIdentityAsync()
    {
        Volatile.Write(ref _needsEpoch, false);
        try
        {
            await _identity.RenewAsync(new CallDeadline(_runtime.Waiters, _runtime.Options.RequestTimeout));
            return true;
        }
        catch (KafkaException e)
        {
            Volatile.Write(ref _needsEpoch, _identity.Current.Id.IsPresent);
            if (!e.IsRetriable)
            {
                _outcomes.Fail(Volatile.Read(ref _queues), long.MaxValue, _ => e);
            }

            return false;
        }
    }

    /// <summary>Sends what is ready and may leave; when to look again.</summary>
    private long SendReady(ClusterView view)
    {
        long nowMs = _runtime.Waiters.NowMs;
        long lingerMs = Volatile.Read(ref _flushing) > 0 ? 0 : (long)_options.Linger.TotalMilliseconds;
        bool isBehind = false;

        // A different partition goes first each time, so that none is always the one that does not fit any more.
        _first = _schedule.Taken.Count == 0 ? 0 : (_first + 1) % _schedule.Taken.Count;
        for (int i = 0; i < _schedule.Taken.Count; i++)
        {
            PartitionQueue queue = _schedule.Taken[(_first + i) % _schedule.Taken.Count];
            int size = queue.SizeOfReady(nowMs, lingerMs, out long readyAtMs);
            if (size == 0)
            {
                if (readyAtMs != long.MaxValue)
                {
                    _schedule.ListAt(queue, readyAtMs);
                }

                continue;
            }

            if (!TryFindLeader(queue, view, nowMs, out TopicView? topic, out NodeId leader))
            {
                _schedule.ListAt(queue, nowMs + NoLeaderPauseMs);
                continue;
            }

            if (_transactions?.TryUse(queue.Partition) == false)
            {
                _schedule.List(queue);
                continue;
            }

            ProduceDraft? draft = FindDraft(leader);
            if (draft is null)
            {
                // The end of one of its requests lists the queue again.
                if (InFlight(leader) >= _options.MaxInFlight)
                {
                    _schedule.List(queue);
                    continue;
                }

                draft = NewDraft(leader);
                _drafts.Add(draft);
            }
            else if (draft.Bytes + size > _options.MaxRequestSize)
            {
                _schedule.List(queue);
                isBehind = true;
                continue;
            }

            draft.Add(queue, queue.Take(Stamp), topic);
        }

        foreach (ProduceDraft draft in _drafts)
        {
            Count(draft.Leader, 1);
            _runtime.Supervisor.RunHere("produce request", draft.SendAsync);
        }

        _drafts.Clear();
        return isBehind ? nowMs : Math.Min(_schedule.NextMs(), _nextExpiryMs);
    }

    private ProduceDraft? FindDraft(NodeId leader)
    {
        foreach (ProduceDraft draft in _drafts)
        {
            if (draft.Leader == leader)
            {
                return draft;
            }
        }

        return null;
    }

    private ProduceDraft NewDraft(NodeId leader)
    {
        ProduceDraft? draft;
        lock (_lock)
        {
            _spareDrafts.TryPop(out draft);
        }

        draft ??= new ProduceDraft(_transactions, SendAsync);
        draft.Begin(leader);
        return draft;
    }

    /// <summary>
    /// What a batch is numbered under. Read once the batch is known to be there, and not before: its records may be the first of a
    /// transaction that has just begun, whose epoch is another than a moment ago.
    /// </summary>
    private ProducerStamp Stamp => _transactions?.Stamp ?? (_options.IsIdempotent ? _identity.Current : ProducerStamp.None);

    private bool TryFindLeader(
        PartitionQueue queue,
        ClusterView view,
        long nowMs,
        [NotNullWhen(true)] out TopicView? topic,
        out NodeId leader
    )
    {
        leader = NodeId.None;
        if (view.TryGetTopic(queue.Partition.Topic, out topic))
        {
            bool isRemade =
                topic.Error == ErrorCode.None && (topic.Id != queue.TopicId || queue.Partition.Partition >= topic.Partitions.Count);
            if (isRemade)
            {
                _topicRemade(topic.Name);
                return false;
            }

            if (topic.Error == ErrorCode.UnknownTopicOrPartition)
            {
                (ErrorCode unknown, string name) = (topic.Error, topic.Name);
                _outcomes.Fail(
                    [queue],
                    nowMs - (long)_options.MaxBlock.TotalMilliseconds,
                    batch =>
                        batch.Unacknowledged(
                            unknown,
                            $"topic '{name}' does not exist any more: no broker has known it for {_options.MaxBlock.TotalSeconds} s "
                                + $"(max.block.ms)"
                        )
                );
            }
        }

        if (view.TryGetPartition(queue.Partition, out topic, out PartitionView? known) && known.Leader.IsNode)
        {
            leader = known.Leader;
            return true;
        }

        _metadata.Invalidate();
        return false;
    }

    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder))]
    private async ValueTask SendAsync(ProduceDraft draft)
    {
        RpcConnectResult opened = await _connections.OpenAsync(
            draft.Leader,
            new CallDeadline(_runtime.Waiters, _runtime.Options.ConnectTimeout)
        );
        if (opened.Channel is not { } channel)
        {
            _outcomes.NoResponse(draft, RpcOutcome.Unsupported, opened.Reason);
        }
        else
        {
            ProduceRequest request = draft.ToRequest(_options.Acks, _runtime.Options.RequestTimeout);
            RpcResult<ProduceResponse> result =
                _options.Acks == Acks.None
                    ? await channel.TellAsync(request, _runtime.Options.RequestTimeout)
                    : await channel.CallAsync(request, _runtime.Options.RequestTimeout, draft.HighestVersion, here: true);
            if (!result.TryGet(out ProduceResponse? response))
            {
                _outcomes.NoResponse(draft, result.Outcome, result.Reason);
            }
            else
            {
                _outcomes.Responded(draft, response, channel);
            }
        }

        Count(draft.Leader, -1);
        foreach ((PartitionQueue queue, _, _) in draft.Entries)
        {
            _schedule.List(queue);
        }

        lock (_lock)
        {
            _spareDrafts.Push(draft);
        }

        if (IsClosed)
        {
            FailAll();
        }

        _wake.SetHere();
    }

    /// <summary>Looks through all queues now and then, as long as there is anything in them, for what has waited too long.</summary>
    private void FailExpired(long nowMs)
    {
        if (_nextExpiryMs == long.MaxValue && _schedule.Taken.Count > 0)
        {
            _nextExpiryMs = nowMs + ExpiryCheckMs;
        }

        if (nowMs < _nextExpiryMs)
        {
            return;
        }

        PartitionQueue[] queues = Volatile.Read(ref _queues);
        _outcomes.Fail(
            queues,
            nowMs - (long)_options.DeliveryTimeout.TotalMilliseconds,
            batch =>
                batch.Unacknowledged(
                    ErrorCode.RequestTimedOut,
                    $"the record was not acknowledged within {_options.DeliveryTimeout.TotalSeconds} s (delivery.timeout.ms)"
                )
        );
        _nextExpiryMs = Array.TrueForAll(queues, queue => queue.IsEmpty) ? long.MaxValue : nowMs + ExpiryCheckMs;
    }

    /// <summary>Fails what is still in the queues of a producer that is closed.</summary>
    public void FailAll() =>
        _outcomes.Fail(
            Volatile.Read(ref _queues),
            long.MaxValue,
            batch =>
                batch.Unacknowledged(
                    ErrorCode.NetworkException,
                    _runtime.Failure ?? "the producer was closed before the record was acknowledged"
                )
        );

    private int InFlight(NodeId node)
    {
        lock (_lock)
        {
            return _inFlight.GetValueOrDefault(node);
        }
    }

    private void Count(NodeId node, int change)
    {
        lock (_lock)
        {
            _inFlight[node] = _inFlight.GetValueOrDefault(node) + change;
            Volatile.Write(ref _underWay, _underWay + change);
        }
    }
}
