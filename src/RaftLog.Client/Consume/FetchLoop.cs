using System.Collections.Frozen;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Observability;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Consume;

/// <summary>
/// Fetches ahead of the reader: one long poll a broker over all its partitions, as long as what waits to be read stays within its bound.
/// The broker keeps the partitions in a session, so requests and responses name what has changed. Says for each partition what a response
/// means for its position.
/// </summary>
internal sealed class FetchLoop
{
    private const long NoLeaderPauseMs = 50;

    /// <summary>The last version of Fetch that names topics by name.</summary>
    private const short LastWithNames = 12;

    private readonly ConsumerOptions _options;
    private readonly ClientRuntime _runtime;
    private readonly ConnectionSet _connections;
    private readonly ClusterMetadata _metadata;
    private readonly PositionSearch _search;
    private readonly Assignment _assignment;
    private readonly FetchPositions _fetches;
    private readonly AsyncSignal _wake;
    private readonly AsyncSignal _arrived;
    private bool _closed;

    public FetchLoop(
        ConsumerOptions options,
        ClientRuntime runtime,
        ConnectionSet connections,
        ClusterCalls calls,
        ClusterMetadata metadata,
        Assignment assignment
    )
    {
        _options = options;
        _runtime = runtime;
        _connections = connections;
        _metadata = metadata;
        _assignment = assignment;
        _fetches = assignment.Fetches;
        _wake = new AsyncSignal(runtime.Waiters);
        _arrived = new AsyncSignal(runtime.Waiters);
        _search = new PositionSearch(options, runtime, calls, metadata, _fetches, Wake);
        runtime.Supervisor.Run("consumer", RunAsync);
    }

    /// <summary>True once nothing is fetched any more.</summary>
    public bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>Positions have changed.</summary>
    public void Wake()
    {
        _wake.Set();
        _arrived.Set();
    }

    /// <summary>Takes the records of the partition whose turn it is, of those that their reader has room for, if there are any.</summary>
    public FetchedRecords? TryTake(Func<TopicPartition, bool> hasRoom)
    {
        FetchedRecords? records = _assignment.Deliver(hasRoom, out bool canFetch);
        if (canFetch)
        {
            _wake.Set();
        }

        return records;
    }

    /// <summary>Waits until something has arrived or failed, or <see cref="Wake"/> was called.</summary>
    public ValueTask<WaitOutcome> WaitAsync(TimeSpan timeout) => _arrived.WaitAsync(timeout);

    public void Close()
    {
        Volatile.Write(ref _closed, true);
        Release(_assignment.Clear());
        _connections.Dispose();
        Wake();
    }

    private async Task RunAsync()
    {
        TimeSpan pause = Timeout.InfiniteTimeSpan;
        while (await _wake.WaitAsync(pause) != WaitOutcome.Closed && !IsClosed)
        {
            ClusterView view = _metadata.Poll(_wake);
            long nowMs = _runtime.Waiters.NowMs;
            Tell(_fetches.Learn(view, nowMs));
            if (_fetches.TakeUnresolved() is { Count: > 0 } unresolved)
            {
                _runtime.Supervisor.Run("find positions", () => _search.FindAsync(unresolved));
            }

            List<FetchTurn> turns = _fetches.TakeFetches(out bool hasLeaderless);
            foreach (FetchTurn turn in turns)
            {
                _runtime.Supervisor.Run("fetch request", () => FetchAsync(turn));
            }

            if (hasLeaderless)
            {
                _metadata.Invalidate();
            }

            if (_assignment.Failure is not null)
            {
                _arrived.Set();
            }

            long wakeAtMs = Math.Min(_fetches.NextWakeMs(), hasLeaderless ? nowMs + NoLeaderPauseMs : long.MaxValue);
            pause = wakeAtMs == long.MaxValue ? Timeout.InfiniteTimeSpan : _runtime.Waiters.Until(wakeAtMs);
        }

        Release(_assignment.Clear());
    }

    private async Task FetchAsync(FetchTurn turn)
    {
        RpcConnectResult opened = await _connections.OpenAsync(
            turn.Leader,
            new CallDeadline(_runtime.Waiters, _runtime.Options.ConnectTimeout)
        );
        if (opened.Channel is not { } channel)
        {
            Abandon(turn);
        }
        else
        {
            TimeSpan timeout = _runtime.Options.RequestTimeout + _options.MaxWait;
            RpcResult<FetchResponse> result = await channel.CallLeasedAsync(
                ToRequest(turn),
                timeout,
                turn.UsesIds ? short.MaxValue : LastWithNames
            );
            if (result.TryGet(out FetchResponse? response) && response.ErrorCode == ErrorCode.None)
            {
                FetchedFrame frame = new(result);
                Apply(turn, response, frame);
                frame.Release();
            }
            else
            {
                bool isForgotten =
                    response?.ErrorCode
                    is ErrorCode.FetchSessionIdNotFound
                        or ErrorCode.InvalidFetchSessionEpoch
                        or ErrorCode.FetchSessionTopicIdError;
                result.Dispose();
                if (isForgotten)
                {
                    // The leader makes room for other sessions, or has started anew: nothing is wrong with the positions.
                    _fetches.EndSession(turn, _runtime.Waiters.NowMs);
                }
                else
                {
                    Abandon(turn);
                }
            }
        }

        _fetches.Free(turn);
        Wake();
    }

    private void Abandon(FetchTurn turn)
    {
        _metadata.Invalidate();
        _fetches.EndSession(turn, RetryAtMs());
    }

    private void Delay(ReadPosition position) => _fetches.Delay(position, RetryAtMs());

    private long RetryAtMs() => _runtime.Waiters.NowMs + ((long)_runtime.Options.RetryBackoffMax.TotalMilliseconds / 10);

    private FetchRequest ToRequest(FetchTurn turn)
    {
        FetchRequest request = new()
        {
            MaxWaitMs = (int)_options.MaxWait.TotalMilliseconds,
            MinBytes = _options.MinBytes,
            MaxBytes = _options.MaxBytes,
            IsolationLevel = _options.ReadCommitted ? (sbyte)1 : (sbyte)0,
            SessionId = turn.SessionId,
            SessionEpoch = turn.Epoch,
            RackId = _options.Rack,
        };
        FetchRequest.FetchTopic? last = null;
        foreach (ReadPosition position in turn.Changed)
        {
            // The id under which the offset was found: a topic that was made anew meanwhile does not know it, instead of serving another
            // log.
            if (last is null || last.Topic != position.Partition.Topic || last.TopicId != position.TopicId)
            {
                last = new FetchRequest.FetchTopic { Topic = position.Partition.Topic, TopicId = position.TopicId };
                request.Topics.Add(last);
            }

            last.Partitions.Add(
                new()
                {
                    Partition = position.Partition.Partition,
                    CurrentLeaderEpoch = position.SentLeaderEpoch,
                    FetchOffset = position.Fetch,
                    LastFetchedEpoch = position.Epochs.Last,
                    PartitionMaxBytes = _options.MaxPartitionBytes,
                }
            );
        }

        foreach ((Uuid topicId, TopicPartition partition) in turn.Forgotten)
        {
            request.ForgottenTopicsData.Add(
                new()
                {
                    Topic = partition.Topic,
                    TopicId = topicId,
                    Partitions = [partition.Partition],
                }
            );
        }

        return request;
    }

    /// <summary>
    /// Applies a response. Partitions that brought records come last, so that they stand behind the others in the line for the next fetch.
    /// </summary>
    private void Apply(FetchTurn turn, FetchResponse response, FetchedFrame frame)
    {
        _fetches.OnResponse(turn, response.SessionId);
        List<(ReadPosition Position, FetchResponse.PartitionData Data)> full = [];
        List<(ReadPosition Position, FetchResponse.PartitionData Data)> others = [];
        List<ToldLeader> leaders = [];
        foreach (FetchResponse.FetchableTopicResponse topic in response.Responses)
        {
            foreach (FetchResponse.PartitionData data in topic.Partitions)
            {
                if (_fetches.Find(turn, topic.TopicId, new TopicPartition(topic.Topic, data.PartitionIndex)) is not { } position)
                {
                    continue;
                }

                position.HasResponse = true;
                if (data.ErrorCode == ErrorCode.None && data.DivergingEpoch.EndOffset == Offset.None && data.Records is { Length: > 0 })
                {
                    full.Add((position, data));
                }
                else
                {
                    others.Add((position, data));
                    if (data.ErrorCode.IsRetriable())
                    {
                        leaders.Add(new ToldLeader(position.Partition, data.CurrentLeader.LeaderId, data.CurrentLeader.LeaderEpoch));
                    }
                }
            }
        }

        IReadOnlySet<TopicPartition> moved = leaders.Count == 0 ? FrozenSet<TopicPartition>.Empty : _metadata.LearnLeaders(leaders);
        foreach ((ReadPosition position, FetchResponse.PartitionData data) in others)
        {
            Decide(position, data, moved);
        }

        foreach ((ReadPosition position, FetchResponse.PartitionData data) in full)
        {
            Accept(position, position.SentLeaderEpoch, data, frame);
        }

        if (turn.IsFull)
        {
            turn.Changed.FindAll(static position => !position.HasResponse).ForEach(Delay);
        }

        if (response.SessionId == 0)
        {
            // No session: what the leader was told is told again. An incremental response without one has named only what has changed.
            _fetches.EndSession(turn, _runtime.Waiters.NowMs);
        }
    }

    private void Decide(ReadPosition position, FetchResponse.PartitionData reply, IReadOnlySet<TopicPartition> moved)
    {
        switch (reply.ErrorCode)
        {
            case ErrorCode.None when reply.DivergingEpoch.EndOffset != Offset.None:
                Reset(
                    position,
                    $"the log of {position.Partition} was truncated at offset {reply.DivergingEpoch.EndOffset}, before the position "
                        + $"{position.Fetch}: records that were read are gone from the cluster"
                );
                break;
            case ErrorCode.None:
                _fetches.Nothing(position, EndOf(reply));
                break;

            // What was read ahead is still good: the reader gets it before it is sent elsewhere.
            case ErrorCode.OffsetOutOfRange when _fetches.HasUnread(position):
                Delay(position);
                break;
            case ErrorCode.OffsetOutOfRange:
                Reset(
                    position,
                    $"offset {position.Fetch} is not in the log of {position.Partition}, which begins at {reply.LogStartOffset} and of "
                        + $"which {reply.HighWatermark} is the end"
                );
                break;
            case var error when error.IsRetriable():
                if (moved.Contains(position.Partition))
                {
                    _fetches.Move(position);
                    break;
                }

                if (error.NeedsMetadataRefresh() || error == ErrorCode.UnknownLeaderEpoch)
                {
                    _metadata.Invalidate();
                }

                Delay(position);
                break;
            default:
                Fail(position, new KafkaException(reply.ErrorCode, $"{position.Partition} cannot be read"));
                break;
        }
    }

    private Offset EndOf(FetchResponse.PartitionData reply) =>
        _options.ReadCommitted && reply.LastStableOffset != Offset.None ? reply.LastStableOffset : reply.HighWatermark;

    private void Accept(ReadPosition position, LeaderEpoch leadership, FetchResponse.PartitionData reply, FetchedFrame frame)
    {
        ReadOnlyMemory<byte> records = reply.Records ?? default(Memory<byte>);
        Offset from = position.Fetch;
        if (LegacyConversion.IsNeeded(records.Span))
        {
            try
            {
                using PooledByteWriter converted = new(int.MaxValue);
                LegacyConversion.Convert(records.Span, _options.MaxBatchBytes, converted);
                reply.Records = converted.Written.ToArray();
                records = reply.Records.Value;
            }
            catch (ProtocolException damaged)
            {
                Fail(position, new KafkaException(ErrorCode.CorruptMessage, $"{position.Partition}: {damaged.Message}"));
                return;
            }
        }

        FetchExtent extent = FetchExtent.Of(records.Span, from, position.Epochs.Last, _options.CheckCrcs);
        if (extent.Bytes == 0)
        {
            Fail(position, new KafkaException(ErrorCode.CorruptMessage, $"{position.Partition}: {extent.Damage}"));
            return;
        }

        FetchedRecords fetched = new(position.Partition, from, extent, leadership, reply, EndOf(reply), frame, _options, Returned);
        if (!_fetches.Keep(position, extent, fetched))
        {
            fetched.Dispose();
        }
    }

    private void Reset(ReadPosition position, string what) => Tell(_fetches.Reset(position, ErrorCode.OffsetOutOfRange, what));

    private void Tell(PositionChanges changes)
    {
        changes.Reset.ForEach(each => _runtime.Telemetry.Logger.OffsetReset(each.Partition.ToString(), each.Reason));
        changes.Failed.ForEach(each => _runtime.Telemetry.Logger.PartitionFailed(each.Partition.ToString(), each.Reason));
        Release(changes.Dropped);
    }

    private void Fail(ReadPosition position, KafkaException reason)
    {
        _runtime.Telemetry.Logger.PartitionFailed(position.Partition.ToString(), reason.Message);
        _fetches.Fail(position, reason);
    }

    /// <summary>Gives back what nobody will read.</summary>
    public static void Release(List<FetchedRecords> dropped) => dropped.ForEach(records => records.Dispose());

    private void Returned(FetchedRecords records)
    {
        if (records.IsCounted && _assignment.Return(records.Bytes))
        {
            _wake.Set();
        }
    }
}
