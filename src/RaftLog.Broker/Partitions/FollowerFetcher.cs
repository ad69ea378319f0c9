using RaftLog.Platform;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Replication;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// Copies partitions from one leader: ask for all that are ready, take the response, wait until what came is durable, ask again. One
/// request is under way at a time, and the response to it is what the next one grows from; so under load each round carries what has
/// gathered during the last one. A round looks at the partitions that have changed and names those (<see cref="FollowerSession"/>): what
/// stands still costs nothing, however much it is.
/// <para>
/// A partition is not ready while it holds bytes that are not flushed: the offset that it asks for is its claim. A leader may hold a
/// request that finds nothing to read; when another partition is handed to this fetcher meanwhile, the request is given up with its
/// connection and all are asked for anew, so that a new leader hears from its followers at once.
/// </para>
/// </summary>
internal sealed class FollowerFetcher
{
    /// <summary>How long a round waits for a slow disk before the other partitions go on without it.</summary>
    private static readonly TimeSpan MostFlushWait = TimeSpan.FromMilliseconds(200);

    private const long NotFlushing = long.MaxValue;
    private const long SlowFlushHoldMs = 10;

    private readonly FollowerFetchers _owner;
    private readonly AsyncSignal _signal;
    private readonly Lock _gate = new();
    private readonly FollowedPartitions _partitions;
    private RpcChannel? _channel;
    private bool _isAsking;
    private bool _isUrgent;
    private bool _hasUpdates;
    private bool _stopped;

    // These belong to the loop.
    private readonly FollowerSession _session = new();
    private readonly HashSet<FollowedPartition> _flushing = [];
    private readonly HashSet<FollowedPartition> _throttled = [];
    private readonly PriorityQueue<FollowedPartition, long> _paused = new();
    private BrokerEpoch _registeredAs = BrokerEpoch.None;
    private long _flushedByMs = NotFlushing;
    private int _holdMs;
    private readonly WakeList _wakes = new();
    private FetchBackoff _backoff;

    public FollowerFetcher(NodeId leader, FollowerFetchers owner)
    {
        Leader = leader;
        _owner = owner;
        _signal = new AsyncSignal(owner.Waiters);
        _partitions = new FollowedPartitions(_signal);
        _backoff = new FetchBackoff(owner.Options.MaxBackoff);
    }

    /// <summary>Whom it fetches from.</summary>
    public NodeId Leader { get; }

    private long NowMs => _owner.Waiters.NowMs;

    /// <summary>Takes over a partition; <see cref="Begin"/> then asks for all that are new.</summary>
    public void Add(Partition partition, LeaderEpoch epoch)
    {
        partition.Following.FetchedBy(_partitions);
        Take(partition, epoch);
    }

    /// <summary>
    /// Metadata has news of a partition of this fetcher that follows the same leader: in another epoch its pauses are over.
    /// </summary>
    public void LeadershipChanged(Partition partition, LeaderEpoch epoch)
    {
        if (!_partitions.TryFind(partition.Id, out FollowedPartition? followed))
        {
            return;
        }

        if (followed.Epoch != epoch)
        {
            Take(partition, epoch);
        }
        else
        {
            _partitions.Changed(partition.Id);
        }
    }

    /// <summary>
    /// Asks at once for what is new, after all changes of one image. A request that the leader may be holding was sent without it, so that
    /// one is given up with its connection.
    /// </summary>
    public void Begin()
    {
        lock (_gate)
        {
            if (!_hasUpdates)
            {
                return;
            }

            if (_isAsking)
            {
                _isUrgent = true;
                _channel?.Dispose();
            }
        }

        _signal.Set();
    }

    /// <summary>What may be asked for has changed: a wait for the throttle may be over, or a directory has failed.</summary>
    public void Reconsider()
    {
        _partitions.AllChanged();
        _signal.Set();
    }

    /// <summary>Lets go of a partition; a response under way for it is dropped.</summary>
    public void Remove(Partition partition)
    {
        partition.Following.FetchedBy(null);
        _partitions.Remove(partition.Id);
    }

    /// <summary>Ends the loop.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            _channel?.Dispose();
        }

        _signal.Close();
    }

    /// <summary>The loop.</summary>
    public async Task RunAsync()
    {
        while (!IsStopped)
        {
            if (Collect() is { } pause)
            {
                await _signal.WaitAsync(pause);
                continue;
            }

            if (_channel is { IsOpen: true } channel)
            {
                await AskAsync(channel);
                _flushedByMs = NotFlushing;
            }
            else if (!await OpenAsync())
            {
                _backoff.Pause(NowMs);
                await _signal.WaitAsync(_owner.Waiters.Until(_backoff.UntilMs));
            }

            // After a connect all are collected again: what was ready before may be led by another, and its log truncated, by now.
        }
    }

    private bool IsStopped
    {
        get
        {
            lock (_gate)
            {
                return _stopped;
            }
        }
    }

    private void Take(Partition partition, LeaderEpoch epoch)
    {
        _partitions.Add(new FollowedPartition(partition, epoch, _owner.Options.MaxBackoff));
        lock (_gate)
        {
            _hasUpdates = true;
        }
    }

    /// <summary>
    /// Looks which of the partitions that have changed can be asked for now. The result is how long to wait instead: when there are none to
    /// ask for, or when more will be ready with the flush that is under way, so that one round claims all that came with the last one.
    /// </summary>
    private TimeSpan? Collect()
    {
        lock (_gate)
        {
            _hasUpdates = false;
        }

        if (_registeredAs != _owner.RegisteredAs)
        {
            // What stands in a session stands there for one incarnation.
            _registeredAs = _owner.RegisteredAs;
            _session.Begin();
        }

        long now = NowMs;
        long opens = _owner.Throttle.OpensAtMs(now);
        List<FollowedPartition> due = _partitions.TakeDue();
        due.AddRange(_throttled);
        while (_paused.TryPeek(out FollowedPartition? paused, out long until) && until <= now)
        {
            due.Add(_paused.Dequeue());
        }

        foreach (FollowedPartition followed in due)
        {
            Consider(followed, now, opens);
        }

        bool isFlushing = _flushing.Count > 0;
        if (!isFlushing)
        {
            _flushedByMs = NotFlushing;
        }
        else
        {
            _flushedByMs = Math.Min(_flushedByMs, now + (long)MostFlushWait.TotalMilliseconds);
            if (now < _flushedByMs)
            {
                return TimeSpan.FromMilliseconds(_flushedByMs - now);
            }
        }

        long next = _paused.TryPeek(out _, out long ends) ? ends : long.MaxValue;
        next = _throttled.Count > 0 && opens > now ? Math.Min(next, opens) : next;
        if (_session.Wanted == 0)
        {
            return next == long.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(next - now);
        }

        // Nobody asks for the others while the leader holds this request, so it holds it no longer than they pause.
        long hold = isFlushing ? SlowFlushHoldMs : Math.Min((long)_owner.Options.MaxWait.TotalMilliseconds, next - now);
        _holdMs = (int)hold;
        return null;
    }

    private void Consider(FollowedPartition followed, long now, long opens)
    {
        Partition partition = followed.Partition;
        _flushing.Remove(followed);
        _throttled.Remove(followed);
        if (followed.IsGone)
        {
            if (!_partitions.TryFind(partition.Id, out _))
            {
                _session.Drop(partition.Id);
            }

            return;
        }

        bool isThrottled = partition.IsThrottled;
        if (isThrottled)
        {
            _throttled.Add(followed);
        }

        if (followed.PausedUntilMs > now)
        {
            _session.Drop(partition.Id);
            if (followed.QueuedUntilMs != followed.PausedUntilMs)
            {
                followed.QueuedUntilMs = followed.PausedUntilMs;
                _paused.Enqueue(followed, followed.PausedUntilMs);
            }
        }
        else if (!(isThrottled && opens > now) && partition.Following.NextFetch(Leader) is { } position)
        {
            _session.Want(followed, position, partition.Log.StartOffset);
        }
        else
        {
            _session.Drop(partition.Id);
            if (partition.Following.IsFlushing(Leader))
            {
                _flushing.Add(followed);
            }
        }
    }

    private async ValueTask<bool> OpenAsync()
    {
        RpcConnectResult connected = await _owner.ConnectAsync(Leader);
        lock (_gate)
        {
            _channel = connected.Channel;
            if (_stopped)
            {
                _channel?.Dispose();
            }
        }

        return connected.Channel is not null;
    }

    private async ValueTask AskAsync(RpcChannel channel)
    {
        lock (_gate)
        {
            if (_hasUpdates)
            {
                // Something was added since: collect again rather than let the leader hold a request without it.
                return;
            }

            _isAsking = true;
            _isUrgent = false;
        }

        using RpcResult<FetchResponse> result = await channel.CallLeasedAsync(Request(), _owner.Options.RequestTimeout);
        bool isUrgent;
        lock (_gate)
        {
            _isAsking = false;
            isUrgent = _isUrgent;
        }

        if (result.TryGet(out FetchResponse? response) && response.ErrorCode == ErrorCode.None)
        {
            _session.OnResponse(response);
            _backoff.Reset();
            await TakeAsync(response);
            _wakes.WakeAll();
            return;
        }

        // A leader that has lost or replaced the session is asked for everything at once.
        bool isLost = _session.IsIncremental && response is not null;
        _session.Begin();
        if (!isUrgent && !isLost)
        {
            _backoff.Pause(NowMs);
            await _signal.WaitAsync(_owner.Waiters.Until(_backoff.UntilMs));
        }
    }

    private FetchRequest Request()
    {
        var request = new FetchRequest
        {
            MaxWaitMs = _holdMs,
            MinBytes = 1,
            MaxBytes = _owner.Options.MaxBytes,
        };
        request.ReplicaState.ReplicaId = _owner.Self;
        request.ReplicaState.ReplicaEpoch = _registeredAs;
        _session.Write(request, _owner.Options.PartitionMaxBytes);
        return request;
    }

    private async ValueTask TakeAsync(FetchResponse response)
    {
        foreach (FetchResponse.FetchableTopicResponse topic in response.Responses)
        {
            foreach (FetchResponse.PartitionData data in topic.Partitions)
            {
                TopicIdPartition id = new(topic.TopicId, data.PartitionIndex);
                if (_partitions.TryFind(id, out FollowedPartition? followed))
                {
                    await TakeAsync(followed, data);
                    _partitions.Changed(id);
                }
            }
        }
    }

    private async ValueTask TakeAsync(FollowedPartition followed, FetchResponse.PartitionData data)
    {
        var diverging = new EpochEnd(data.DivergingEpoch.Epoch, data.DivergingEpoch.EndOffset);
        var reply = new FollowerFetchResult(
            followed.Sent,
            data.ErrorCode,
            diverging.IsKnown ? diverging : null,
            data.HighWatermark,
            data.LogStartOffset
        );
        Memory<byte> records = data.Records ?? Memory<byte>.Empty;
        if (!records.IsEmpty && followed.Partition.IsThrottled)
        {
            _owner.Throttle.Copied(NowMs, records.Length);
        }

        if (!await TryPrepareAsync(followed.Partition, records))
        {
            return;
        }

        FollowerStep step = followed.Partition.Following.OnFetchResponse(reply, records, _wakes, out string? rejection);
        if (step.Kind == FollowerStepKind.AskLogStart && await AskLogStartAsync(followed) is { } start)
        {
            reply = reply with { LeaderLogStart = start };
            step = followed.Partition.Following.OnFetchResponse(reply, Memory<byte>.Empty, _wakes, out rejection);
        }

        switch (step.Kind)
        {
            case FollowerStepKind.Append:
                followed.ResetBackoff();
                break;

            case FollowerStepKind.Truncate
            or FollowerStepKind.StartOver when await TryTruncateAsync(followed.Partition, step, reply):
            case FollowerStepKind.Drop:
                break;

            default:
                TellOnce(followed, data.ErrorCode == ErrorCode.CorruptMessage ? "its log is damaged there" : rejection);
                followed.Pause(NowMs);
                break;
        }
    }

    /// <summary>
    /// A place that the leader's disk has corrupt is asked for again and again; operators see a replica that is not in sync, and shall see
    /// why.
    /// </summary>
    private void TellOnce(FollowedPartition followed, string? rejection)
    {
        if (rejection is not null && followed.IsFirstRejection())
        {
            _owner.NodeLog.Warn(
                $"{followed.Partition.Name} gets nothing from node {Leader} at offset {followed.Sent.FetchOffset}: {rejection}; this "
                    + $"replica asks again, and cannot be in sync meanwhile"
            );
        }
    }

    /// <summary>False when the disk failed: the directory is offline then, and the partition with it.</summary>
    private async ValueTask<bool> TryTruncateAsync(Partition partition, FollowerStep step, FollowerFetchResult reply)
    {
        try
        {
            await partition.Following.TruncateAsync(step, reply, _wakes);
            return true;
        }
        catch (DiskException)
        {
            return false;
        }
    }

    /// <inheritdoc cref="TryTruncateAsync" />
    private static async ValueTask<bool> TryPrepareAsync(Partition partition, Memory<byte> records)
    {
        try
        {
            await partition.Place.PrepareAsync(records);
            return true;
        }
        catch (DiskException)
        {
            return false;
        }
    }

    /// <summary>Kafka's leaders do not tell their log start with the error: it is asked for separately.</summary>
    private async ValueTask<Offset?> AskLogStartAsync(FollowedPartition followed)
    {
        if (_channel is not { IsOpen: true } channel)
        {
            return null;
        }

        var request = new ListOffsetsRequest { ReplicaId = _owner.Self };
        var topic = new ListOffsetsRequest.TopicData { Name = followed.Partition.Name.Topic };
        topic.Partitions.Add(
            new ListOffsetsRequest.PartitionData
            {
                PartitionIndex = followed.Partition.Id.Partition,
                CurrentLeaderEpoch = followed.Sent.CurrentLeaderEpoch,
                Timestamp = OffsetLookup.Earliest,
            }
        );
        request.Topics.Add(topic);
        RpcResult<ListOffsetsResponse> result = await channel.CallAsync(request, _owner.Options.RequestTimeout);
        return
            result.TryGet(out ListOffsetsResponse? response) && response.Topics is [{ Partitions: [{ ErrorCode: ErrorCode.None } found] }]
            ? found.Offset
            : null;
    }
}
