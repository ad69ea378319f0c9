using System.Diagnostics.CodeAnalysis;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>
/// The loop that takes batches from their queues to their leaders: as many partitions in a request as are ready, a bounded number of requests
/// to a broker, and what each answer means. Only this loop takes batches and renews the producer's identity.
/// </summary>
internal sealed class ProduceSender
{
    private const long ExpiryCheckMs = 1000;
    private const long NoLeaderPauseMs = 50;

    private readonly ProducerOptions _options;
    private readonly ClientRuntime _runtime;
    private readonly ConnectionSet _connections;
    private readonly MetadataCache _metadata;
    private readonly BufferBudget _budget;
    private readonly BatchSource _batches;
    private readonly ProducerIdentity _identity;
    private readonly Action<string> _topicRemade;
    private readonly AsyncSignal _wake;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<NodeId, int> _inFlight = [];
    private readonly PriorityQueue<PartitionQueue, long> _timed = new();
    private List<PartitionQueue> _listed = [];
    private List<PartitionQueue> _looked = [];
    private PartitionQueue[] _queues = [];
    private bool _needsEpoch;
    private long _nextExpiryMs = long.MaxValue;
    private int _replaced;
    private int _first;
    private int _flushing;
    private bool _closed;

    public ProduceSender(
        ProducerOptions options,
        ClientRuntime runtime,
        ConnectionSet connections,
        ClusterCalls calls,
        MetadataCache metadata,
        BufferBudget budget,
        BatchSource batches,
        Action<string> topicRemade)
    {
        _options = options;
        _runtime = runtime;
        _connections = connections;
        _metadata = metadata;
        _budget = budget;
        _batches = batches;
        _topicRemade = topicRemade;
        _identity = new ProducerIdentity(calls);
        _wake = new AsyncSignal(runtime.Waiters);
        runtime.Supervisor.Run("producer", RunAsync);
    }

    /// <summary>True once nothing is sent any more.</summary>
    public bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>Adds the queues of a topic; those that are known stay.</summary>
    public void Add(IReadOnlyList<PartitionQueue> queues) => Replace([], queues);

    /// <summary>Exchanges the queues of a topic that was made anew. Until <see cref="EndReplace"/> records are under way from the old ones to the new.</summary>
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
    }

    /// <summary>The records are in the new queues.</summary>
    public void EndReplace() => Interlocked.Increment(ref _replaced);

    /// <summary>There is something to send in a queue.</summary>
    public void Wake(PartitionQueue queue)
    {
        List(queue);
        _wake.Set();
    }

    /// <summary>Sends everything that is in the queues now without lingering, and waits until it is decided; false when the time is over first.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<bool> FlushAsync(Deadline deadline)
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
                    List(queue);
                }

                _wake.Set();
                foreach (Wait wait in waits)
                {
                    all &= await deadline.OutcomeAsync(wait) == WaitOutcome.Ready;
                }
            }
            while (all && replaced != Volatile.Read(ref _replaced));
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
        while (await _wake.WaitAsync(pause) != WaitOutcome.Closed && !IsClosed)
        {
            long nowMs = _runtime.Waiters.NowMs;
            TakeListed(nowMs);
            FailExpired(nowMs);
            if (NeedsIdentity() && !await TryRenewIdentityAsync())
            {
                ListAgain();
                pause = _runtime.Options.RetryBackoff;
                continue;
            }

            long wakeAtMs = SendReady(_metadata.Poll(_wake));
            pause = wakeAtMs == long.MaxValue
                ? Timeout.InfiniteTimeSpan
                : TimeSpan.FromMilliseconds(Math.Max(0, wakeAtMs - _runtime.Waiters.NowMs));
        }

        Close();
        FailAll();
        _connections.Dispose();
    }

    /// <summary>Puts a queue on the list of those to look at.</summary>
    private void List(PartitionQueue queue)
    {
        lock (_lock)
        {
            if (!queue.IsListed)
            {
                queue.IsListed = true;
                _listed.Add(queue);
            }
        }
    }

    /// <summary>Takes the queues to look at: those where something happened, and those whose time has come.</summary>
    private void TakeListed(long nowMs)
    {
        lock (_lock)
        {
            while (_timed.TryPeek(out PartitionQueue? due, out long atMs) && atMs <= nowMs)
            {
                _timed.Dequeue();
                due.TimedForMs = due.TimedForMs == atMs ? long.MaxValue : due.TimedForMs;
                if (!due.IsListed)
                {
                    due.IsListed = true;
                    _listed.Add(due);
                }
            }

            _looked.Clear();
            (_listed, _looked) = (_looked, _listed);
            _looked.ForEach(static queue => queue.IsListed = false);
        }
    }

    private void ListAgain() => _looked.ForEach(List);

    /// <summary>Looks at a queue again at a time; when that is the queue's earliest.</summary>
    private void LookAt(PartitionQueue queue, long atMs)
    {
        lock (_lock)
        {
            if (atMs < queue.TimedForMs)
            {
                queue.TimedForMs = atMs;
                _timed.Enqueue(queue, atMs);
            }
        }
    }

    private long NextTimedMs()
    {
        lock (_lock)
        {
            return _timed.TryPeek(out _, out long atMs) ? atMs : long.MaxValue;
        }
    }

    private bool NeedsIdentity()
    {
        if (!_options.IsIdempotent || _looked.Count == 0)
        {
            return false;
        }

        ProducerStamp current = _identity.Current;
        return !current.Id.IsPresent || Volatile.Read(ref _needsEpoch) || _looked.Exists(queue => queue.NeedsEpochAfter(current));
    }

    private async ValueTask<bool> TryRenewIdentityAsync()
    {
        Volatile.Write(ref _needsEpoch, false);
        try
        {
            await _identity.RenewAsync(new Deadline(_runtime.Waiters, _runtime.Options.RequestTimeout));
            return true;
        }
        catch (KafkaException e)
        {
            Volatile.Write(ref _needsEpoch, _identity.Current.Id.IsPresent);
            if (!e.IsRetriable)
            {
                FailQueued(Volatile.Read(ref _queues), long.MaxValue, e);
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
        SortedDictionary<NodeId, ProduceDraft> drafts = [];

        // A different partition goes first each time, so that none is always the one that does not fit any more.
        _first = _looked.Count == 0 ? 0 : (_first + 1) % _looked.Count;
        for (int i = 0; i < _looked.Count; i++)
        {
            PartitionQueue queue = _looked[(_first + i) % _looked.Count];
            int size = queue.SizeOfReady(nowMs, lingerMs, out long readyAtMs);
            if (size == 0)
            {
                if (readyAtMs != long.MaxValue)
                {
                    LookAt(queue, readyAtMs);
                }

                continue;
            }

            if (!TryFindLeader(queue, view, nowMs, out TopicView? topic, out NodeId leader))
            {
                LookAt(queue, nowMs + NoLeaderPauseMs);
                continue;
            }

            if (!drafts.TryGetValue(leader, out ProduceDraft? draft))
            {
                // The end of one of its requests lists the queue again.
                if (InFlight(leader) >= _options.MaxInFlight)
                {
                    List(queue);
                    continue;
                }

                draft = new ProduceDraft(leader);
                drafts.Add(leader, draft);
            }
            else if (draft.Bytes + size > _options.MaxRequestSize)
            {
                List(queue);
                isBehind = true;
                continue;
            }

            draft.Add(queue, queue.Take(_options.IsIdempotent ? _identity.Current : ProducerStamp.None), topic);
        }

        foreach (ProduceDraft draft in drafts.Values)
        {
            Count(draft.Leader, 1);
            _runtime.Supervisor.Run("produce request", () => SendAsync(draft));
        }

        return isBehind ? nowMs : Math.Min(NextTimedMs(), _nextExpiryMs);
    }

    private bool TryFindLeader(PartitionQueue queue, ClusterView view, long nowMs, [NotNullWhen(true)] out TopicView? topic, out NodeId leader)
    {
        leader = NodeId.None;
        if (view.TryGetTopic(queue.Partition.Topic, out topic))
        {
            bool isRemade = topic.Error == ErrorCode.None && (topic.Id != queue.TopicId || queue.Partition.Partition >= topic.Partitions.Count);
            if (isRemade)
            {
                _topicRemade(topic.Name);
                return false;
            }

            if (topic.Error == ErrorCode.UnknownTopicOrPartition)
            {
                FailQueued([queue], nowMs - (long)_options.MaxBlock.TotalMilliseconds, new KafkaException(
                    topic.Error, $"topic '{topic.Name}' does not exist any more: no broker has known it for {_options.MaxBlock.TotalSeconds} s (max.block.ms)"));
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

    private async Task SendAsync(ProduceDraft draft)
    {
        RpcConnectResult opened = await _connections.OpenAsync(
            draft.Leader, new Deadline(_runtime.Waiters, _runtime.Options.ConnectTimeout));
        if (opened.Channel is not { } channel)
        {
            RetryAll(draft, RpcOutcome.Unsupported, opened.Reason);
        }
        else
        {
            ProduceRequest request = draft.ToRequest(_options.Acks, _runtime.Options.RequestTimeout);
            RpcResult<ProduceResponse> result = _options.Acks == Acks.None
                ? await channel.TellAsync(request, _runtime.Options.RequestTimeout)
                : await channel.CallAsync(request, _runtime.Options.RequestTimeout, draft.HighestVersion);
            if (!result.TryGet(out ProduceResponse? response))
            {
                RetryAll(draft, result.Outcome, result.Reason);
            }
            else
            {
                Decide(draft, response, channel);
            }
        }

        Count(draft.Leader, -1);
        foreach ((PartitionQueue queue, _, _) in draft.Entries)
        {
            List(queue);
        }

        if (IsClosed)
        {
            FailAll();
        }

        _wake.Set();
    }

    private void RetryAll(ProduceDraft draft, RpcOutcome outcome, string reason)
    {
        bool mayHaveArrived = outcome is RpcOutcome.TimedOut or RpcOutcome.Disconnected or RpcOutcome.Malformed;
        if (mayHaveArrived && _options.Acks == Acks.None)
        {
            GiveUpAll(draft, new KafkaException(ErrorCode.NetworkException, reason));
            return;
        }

        foreach ((PartitionQueue queue, ProducerBatch batch, _) in draft.Entries)
        {
            batch.MaybeAppended |= mayHaveArrived;
            Retry(queue, batch);
        }

        _metadata.Invalidate();
    }

    private void GiveUpAll(ProduceDraft draft, KafkaException reason)
    {
        foreach ((PartitionQueue queue, ProducerBatch batch, _) in draft.Entries)
        {
            GiveUp(queue, batch, reason);
        }
    }

    private void Decide(ProduceDraft draft, ProduceResponse response, RpcChannel channel)
    {
        foreach ((PartitionQueue queue, ProducerBatch batch, Uuid topicId) in draft.Entries)
        {
            if (_options.Acks == Acks.None)
            {
                Acknowledge(queue, batch, Offset.None);
                continue;
            }

            if (ProduceDraft.AnswerFor(response, queue.Partition, topicId) is { } answer)
            {
                Decide(queue, batch, answer, channel);
            }
            else
            {
                GiveUp(queue, batch, new KafkaException(
                    ErrorCode.UnknownServerError, $"{channel.Peer} left {queue.Partition} out of its answer"));
            }
        }
    }

    private void Decide(PartitionQueue queue, ProducerBatch batch, ProduceResponse.PartitionProduceResponse answer, RpcChannel channel)
    {
        switch (answer.ErrorCode)
        {
            case ErrorCode.None:
            case ErrorCode.DuplicateSequenceNumber:
                Acknowledge(queue, batch, answer.BaseOffset);
                break;

            // The broker does not know the numbers before these, and has refused the batch: unless an earlier attempt may stand in the log, the
            // same records can go under the next epoch.
            case ErrorCode.OutOfOrderSequenceNumber or ErrorCode.UnknownProducerId or ErrorCode.InvalidProducerEpoch or ErrorCode.ProducerFenced
                when !batch.MaybeAppended:
                batch.Attempts++;
                queue.Renumber(batch);
                break;

            case ErrorCode.MessageTooLarge when batch.Count > 1:
                queue.Replace(batch, batch.Split(_batches));
                _batches.Return(batch.Builder);
                break;

            case var error when error.IsRetriable():
                bool hasNewLeader = _metadata.LearnLeader(queue.Partition, answer.CurrentLeader.LeaderId, answer.CurrentLeader.LeaderEpoch);
                if (error.NeedsMetadataRefresh() && !hasNewLeader)
                {
                    _metadata.Invalidate();
                }

                // Not enough replicas after the append: it is in the leader's log, and may stay there.
                batch.MaybeAppended |= error is ErrorCode.NotEnoughReplicasAfterAppend or ErrorCode.RequestTimedOut;
                Retry(queue, batch);
                break;

            default:
                GiveUp(queue, batch, Refusal(queue.Partition, batch, answer, channel));
                break;
        }
    }

    private static KafkaException Refusal(
        TopicPartition partition, ProducerBatch batch, ProduceResponse.PartitionProduceResponse answer, RpcChannel channel)
    {
        string why = answer.ErrorCode == ErrorCode.MessageTooLarge
            ? $"the record alone makes a batch of {batch.Bytes.Length} bytes, more than the topic's max.message.bytes allows"
            : answer.ErrorMessage ?? "the broker gave no reason";
        return new KafkaException(answer.ErrorCode, $"{channel.Peer} refused {batch.Count} records for {partition}: {why}");
    }

    private void Acknowledge(PartitionQueue queue, ProducerBatch batch, Offset baseOffset)
    {
        queue.Acknowledge(batch);
        batch.Succeed(queue.Partition.Partition, baseOffset);
        Free(batch);
    }

    private void Retry(PartitionQueue queue, ProducerBatch batch)
    {
        Backoff backoff = _runtime.NewBackoff();
        TimeSpan pause = backoff.Next();
        for (int i = 0; i < batch.Attempts && pause < _runtime.Options.RetryBackoffMax; i++)
        {
            pause = backoff.Next();
        }

        batch.Attempts++;
        queue.Retry(batch, _runtime.Waiters.NowMs + (long)Math.Ceiling(pause.TotalMilliseconds));
    }

    private void GiveUp(PartitionQueue queue, ProducerBatch batch, KafkaException reason)
    {
        queue.GiveUp(batch);
        batch.Fail(reason);
        Free(batch);
    }

    /// <summary>Looks through all queues now and then, as long as there is anything in them, for what has waited too long.</summary>
    private void FailExpired(long nowMs)
    {
        if (_nextExpiryMs == long.MaxValue && _looked.Count > 0)
        {
            _nextExpiryMs = nowMs + ExpiryCheckMs;
        }

        if (nowMs < _nextExpiryMs)
        {
            return;
        }

        PartitionQueue[] queues = Volatile.Read(ref _queues);
        FailQueued(queues, nowMs - (long)_options.DeliveryTimeout.TotalMilliseconds, new KafkaException(
            ErrorCode.RequestTimedOut, $"the record was not acknowledged within {_options.DeliveryTimeout.TotalSeconds} s (delivery.timeout.ms)"));
        _nextExpiryMs = Array.TrueForAll(queues, queue => queue.IsEmpty) ? long.MaxValue : nowMs + ExpiryCheckMs;
    }

    private void FailAll() => FailQueued(
        Volatile.Read(ref _queues),
        long.MaxValue,
        new KafkaException(ErrorCode.NetworkException, _runtime.Failure ?? "the producer was closed before the record was acknowledged"));

    private void FailQueued(PartitionQueue[] queues, long createdBeforeMs, KafkaException reason)
    {
        List<ProducerBatch> failed = [];
        foreach (PartitionQueue queue in queues)
        {
            queue.Expire(createdBeforeMs, failed);
        }

        foreach (ProducerBatch batch in failed)
        {
            batch.Fail(reason);
            Free(batch);
        }
    }

    private void Free(ProducerBatch batch)
    {
        _budget.Return(batch.Reserved);
        _batches.Return(batch.Builder);
    }

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
        }
    }
}
