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
    private readonly ConnectionTable _connections;
    private readonly MetadataCache _metadata;
    private readonly BufferBudget _budget;
    private readonly BatchSource _batches;
    private readonly ProducerIdentity _identity;
    private readonly AsyncSignal _wake;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<NodeId, int> _inFlight = [];
    private PartitionQueue[] _queues = [];
    private int _first;
    private int _flushing;
    private bool _closed;

    public ProduceSender(
        ProducerOptions options,
        ClientRuntime runtime,
        ConnectionTable connections,
        ClusterCalls calls,
        MetadataCache metadata,
        BufferBudget budget,
        BatchSource batches)
    {
        _options = options;
        _runtime = runtime;
        _connections = connections;
        _metadata = metadata;
        _budget = budget;
        _batches = batches;
        _identity = new ProducerIdentity(calls);
        _wake = new AsyncSignal(runtime.Waiters);
        runtime.Supervisor.Run("producer", RunAsync);
    }

    /// <summary>True once nothing is sent any more.</summary>
    public bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>Adds the queues of a topic; those that are known stay.</summary>
    public void Add(ReadOnlySpan<PartitionQueue> queues)
    {
        lock (_lock)
        {
            List<PartitionQueue> all = [.. _queues];
            foreach (PartitionQueue queue in queues)
            {
                if (!all.Contains(queue))
                {
                    all.Add(queue);
                }
            }

            Volatile.Write(ref _queues, [.. all]);
        }
    }

    /// <summary>There is something to send.</summary>
    public void Wake() => _wake.Set();

    /// <summary>Sends everything that is in the queues now without lingering, and waits until it is decided; false when the time is over first.</summary>
    public async ValueTask<bool> FlushAsync(TimeSpan timeout)
    {
        List<Wait> waits = [];
        Interlocked.Increment(ref _flushing);
        try
        {
            foreach (PartitionQueue queue in Volatile.Read(ref _queues))
            {
                queue.Flush(() => _runtime.Waiters.Rent(timeout), waits);
            }

            _wake.Set();
            bool all = true;
            foreach (Wait wait in waits)
            {
                all &= await wait.Outcome == WaitOutcome.Ready;
            }

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
            PartitionQueue[] queues = Volatile.Read(ref _queues);
            FailExpired(queues);
            if (NeedsIdentity(queues))
            {
                if (!await TryRenewIdentityAsync(queues))
                {
                    pause = _runtime.Options.RetryBackoff;
                    continue;
                }
            }

            ClusterView view = await FreshViewAsync();
            long wakeAtMs = SendReady(queues, view);
            pause = wakeAtMs == long.MaxValue
                ? Timeout.InfiniteTimeSpan
                : TimeSpan.FromMilliseconds(Math.Max(0, wakeAtMs - _runtime.Waiters.NowMs));
        }

        Close();
        FailAll();
    }

    private async ValueTask<ClusterView> FreshViewAsync()
    {
        try
        {
            return await _metadata.FreshAsync(new Deadline(_runtime.Waiters, _runtime.Options.RequestTimeout));
        }
        catch (KafkaException)
        {
            // Nobody answers at the moment. Each batch has its own deadline; go on with what is known.
            return _metadata.View;
        }
    }

    private bool NeedsIdentity(PartitionQueue[] queues)
    {
        if (!_options.IsIdempotent || queues.Length == 0)
        {
            return false;
        }

        ProducerStamp current = _identity.Current;
        return !current.Id.IsPresent || Array.Exists(queues, queue => queue.NeedsEpochAfter(current));
    }

    private async ValueTask<bool> TryRenewIdentityAsync(PartitionQueue[] queues)
    {
        try
        {
            await _identity.RenewAsync(new Deadline(_runtime.Waiters, _runtime.Options.RequestTimeout));
            return true;
        }
        catch (KafkaException e)
        {
            if (!e.IsRetriable)
            {
                FailQueued(queues, long.MaxValue, e);
            }

            return false;
        }
    }

    /// <summary>Sends what is ready and may leave; when to look again.</summary>
    private long SendReady(PartitionQueue[] queues, ClusterView view)
    {
        long nowMs = _runtime.Waiters.NowMs;
        long lingerMs = Volatile.Read(ref _flushing) > 0 ? 0 : (long)_options.Linger.TotalMilliseconds;
        long wakeAtMs = long.MaxValue;
        bool isIdle = true;
        SortedDictionary<NodeId, ProduceDraft> drafts = [];

        // A different partition goes first each time, so that none is always the one that does not fit any more.
        _first = queues.Length == 0 ? 0 : (_first + 1) % queues.Length;
        for (int i = 0; i < queues.Length; i++)
        {
            PartitionQueue queue = queues[(_first + i) % queues.Length];
            isIdle &= queue.IsEmpty;
            int size = queue.SizeOfReady(nowMs, lingerMs, out long readyAtMs);
            if (size == 0)
            {
                wakeAtMs = Math.Min(wakeAtMs, readyAtMs);
                continue;
            }

            if (!view.TryGetPartition(queue.Partition, out TopicView? topic, out PartitionView? known) || !known.Leader.IsNode)
            {
                _metadata.Invalidate();
                wakeAtMs = Math.Min(wakeAtMs, nowMs + NoLeaderPauseMs);
                continue;
            }

            if (!drafts.TryGetValue(known.Leader, out ProduceDraft? draft))
            {
                if (InFlight(known.Leader) >= _options.MaxInFlight)
                {
                    continue;
                }

                draft = new ProduceDraft(known.Leader);
                drafts.Add(known.Leader, draft);
            }
            else if (draft.Bytes + size > _options.MaxRequestSize)
            {
                wakeAtMs = nowMs;
                continue;
            }

            draft.Add(queue, queue.Take(_options.IsIdempotent ? _identity.Current : ProducerStamp.None), topic);
        }

        foreach (ProduceDraft draft in drafts.Values)
        {
            Count(draft.Leader, 1);
            _runtime.Supervisor.Run("produce request", () => SendAsync(draft));
        }

        return isIdle ? wakeAtMs : Math.Min(wakeAtMs, nowMs + ExpiryCheckMs);
    }

    private async Task SendAsync(ProduceDraft draft)
    {
        RpcConnectResult opened = await _connections.OpenAsync(draft.Leader);
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

    private void FailExpired(PartitionQueue[] queues)
    {
        long before = _runtime.Waiters.NowMs - (long)_options.DeliveryTimeout.TotalMilliseconds;
        FailQueued(queues, before, new KafkaException(
            ErrorCode.RequestTimedOut, $"the record was not acknowledged within {_options.DeliveryTimeout.TotalSeconds} s (delivery.timeout.ms)"));
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
