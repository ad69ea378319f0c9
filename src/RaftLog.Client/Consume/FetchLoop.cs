using RaftLog.Client.Admin;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Consume;

/// <summary>
/// Fetches ahead of the reader: one long poll a broker over all its partitions, as long as what waits to be read stays within its bound. Finds
/// starting positions first, and says for each partition what an answer means for its position.
/// </summary>
internal sealed class FetchLoop
{
    private const long NoLeaderPauseMs = 50;

    private readonly ConsumerOptions _options;
    private readonly ClientRuntime _runtime;
    private readonly ConnectionTable _connections;
    private readonly MetadataCache _metadata;
    private readonly OffsetSearch _search;
    private readonly Assignment _assignment;
    private readonly AsyncSignal _wake;
    private readonly AsyncSignal _arrived;
    private readonly Lock _lock = new();
    private readonly Queue<FetchedRecords> _ready = new();
    private readonly SortedSet<NodeId> _busy = [];
    private long _bufferedBytes;
    private bool _closed;

    public FetchLoop(
        ConsumerOptions options,
        ClientRuntime runtime,
        ConnectionTable connections,
        ClusterCalls calls,
        MetadataCache metadata,
        Assignment assignment)
    {
        _options = options;
        _runtime = runtime;
        _connections = connections;
        _metadata = metadata;
        _search = new OffsetSearch(runtime, calls, metadata);
        _assignment = assignment;
        _wake = new AsyncSignal(runtime.Waiters);
        _arrived = new AsyncSignal(runtime.Waiters);
        runtime.Supervisor.Run("consumer", RunAsync);
    }

    /// <summary>Positions have changed.</summary>
    public void Wake()
    {
        _wake.Set();
        _arrived.Set();
    }

    /// <summary>Takes what arrived first, if anything has.</summary>
    public FetchedRecords? TryTake()
    {
        lock (_lock)
        {
            return _ready.TryDequeue(out FetchedRecords? records) ? records : null;
        }
    }

    /// <summary>Waits until something has arrived or failed, or <see cref="Wake"/> was called.</summary>
    public ValueTask<WaitOutcome> WaitAsync(TimeSpan timeout) => _arrived.WaitAsync(timeout);

    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
        }

        while (TryTake() is { } unread)
        {
            unread.Dispose();
        }

        Wake();
    }

    private async Task RunAsync()
    {
        TimeSpan pause = Timeout.InfiniteTimeSpan;
        while (await _wake.WaitAsync(pause) != WaitOutcome.Closed && !IsClosed())
        {
            ClusterView view = await FreshViewAsync();
            long nowMs = _runtime.Waiters.NowMs;
            if (_assignment.TakeUnresolved(nowMs) is { Count: > 0 } unresolved)
            {
                _runtime.Supervisor.Run("find positions", () => FindAsync(unresolved));
            }

            long wakeAtMs = _assignment.NextWakeMs(nowMs);
            if (MayFetch() && !TryStartFetches(view, nowMs))
            {
                _metadata.Invalidate();
                wakeAtMs = Math.Min(wakeAtMs, nowMs + NoLeaderPauseMs);
            }

            pause = wakeAtMs == long.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(wakeAtMs - nowMs);
        }
    }

    private bool IsClosed()
    {
        lock (_lock)
        {
            return _closed;
        }
    }

    private bool MayFetch()
    {
        lock (_lock)
        {
            return _bufferedBytes < _options.MaxBufferedBytes;
        }
    }

    private async ValueTask<ClusterView> FreshViewAsync()
    {
        try
        {
            return await _metadata.FreshAsync(new Deadline(_runtime.Waiters, _runtime.Options.RequestTimeout));
        }
        catch (KafkaException)
        {
            // Nobody answers at the moment; those that did may still be fetched from.
            return _metadata.View;
        }
    }

    private async Task FindAsync(List<ReadPosition> positions)
    {
        Deadline deadline = new(_runtime.Waiters, _runtime.Options.CallTimeout);
        foreach (ReadPosition position in positions)
        {
            await FindAsync(position, deadline);
        }

        Wake();
    }

    private async ValueTask FindAsync(ReadPosition position, Deadline deadline)
    {
        try
        {
            TopicView topic = await _metadata.TopicAsync(position.Partition.Topic, deadline);
            if ((uint)position.Partition.Partition >= (uint)topic.Partitions.Count)
            {
                throw new KafkaException(
                    ErrorCode.UnknownTopicOrPartition, $"there is no {position.Partition}: the topic has {topic.Partitions.Count} partitions");
            }

            FoundOffset found = await FindAsync(position.Partition, position.Start ?? StartAt.Beginning, deadline);
            _assignment.Update(position, p =>
            {
                p.Start = null;
                p.Fetch = found.Offset;
                p.Read = found.Offset;
                p.LastEpoch = LeaderEpoch.None;
            });
        }
        catch (KafkaException e)
        {
            _assignment.Update(position, p => p.Failure = e);
        }
    }

    private async ValueTask<FoundOffset> FindAsync(TopicPartition partition, StartAt start, Deadline deadline)
    {
        if (start.TryGetOffset(out Offset offset, out OffsetSpec spec))
        {
            return new FoundOffset(offset, -1, LeaderEpoch.None);
        }

        FoundOffset found = await SearchAsync(partition, spec, deadline);
        return found.Offset == Offset.None ? await SearchAsync(partition, OffsetSpec.Latest, deadline) : found;
    }

    private async ValueTask<FoundOffset> SearchAsync(TopicPartition partition, OffsetSpec spec, Deadline deadline)
    {
        SortedDictionary<TopicPartition, OffsetSpec> wanted = new() { [partition] = spec };
        return (await _search.FindAsync(wanted, _options.ReadCommitted, deadline))[partition];
    }

    /// <summary>Fetches what can be fetched; false when a partition has no leader.</summary>
    private bool TryStartFetches(ClusterView view, long nowMs)
    {
        bool allHaveLeaders = true;
        List<ReadPosition> fetchable = _assignment.TakeFetchable(nowMs, partition =>
        {
            NodeId leader = LeaderOf(view, partition);
            allHaveLeaders &= leader.IsNode;
            return leader.IsNode && !IsBusy(leader);
        });
        SortedDictionary<NodeId, List<ReadPosition>> byLeader = [];
        foreach (ReadPosition position in fetchable)
        {
            NodeId leader = LeaderOf(view, position.Partition);
            if (!byLeader.TryGetValue(leader, out List<ReadPosition>? positions))
            {
                byLeader.Add(leader, positions = []);
            }

            positions.Add(position);
        }

        foreach ((NodeId leader, List<ReadPosition> positions) in byLeader)
        {
            SetBusy(leader, true);
            _runtime.Supervisor.Run("fetch request", () => FetchAsync(leader, positions, view));
        }

        return allHaveLeaders;
    }

    private static NodeId LeaderOf(ClusterView view, TopicPartition partition) =>
        view.TryGetPartition(partition, out _, out PartitionView? known) ? known.Leader : NodeId.None;

    private static LeaderEpoch LeadershipOf(TopicPartition partition, ClusterView view) =>
        view.TryGetPartition(partition, out _, out PartitionView? known) ? known.LeaderEpoch : LeaderEpoch.None;

    private bool IsBusy(NodeId node)
    {
        lock (_lock)
        {
            return _busy.Contains(node);
        }
    }

    private void SetBusy(NodeId node, bool busy)
    {
        lock (_lock)
        {
            if (busy)
            {
                _busy.Add(node);
            }
            else
            {
                _busy.Remove(node);
            }
        }
    }

    private async Task FetchAsync(NodeId leader, List<ReadPosition> positions, ClusterView view)
    {
        RpcConnectResult opened = await _connections.OpenAsync(leader);
        if (opened.Channel is not { } channel)
        {
            PauseAll(positions);
        }
        else
        {
            FetchRequest request = ToRequest(positions, view, out short highestVersion);
            TimeSpan timeout = _runtime.Options.RequestTimeout + _options.MaxWait;
            RpcResult<FetchResponse> result = await channel.CallLeasedAsync(request, timeout, highestVersion);
            if (result.TryGet(out FetchResponse? response) && response.ErrorCode == ErrorCode.None)
            {
                FetchedFrame frame = new(result);
                foreach (ReadPosition position in positions)
                {
                    Apply(position, LeadershipOf(position.Partition, view), AnswerFor(response, position.Partition, view), frame);
                }

                frame.Release();
            }
            else
            {
                result.Dispose();
                PauseAll(positions);
            }
        }

        SetBusy(leader, false);
        Wake();
    }

    private void PauseAll(List<ReadPosition> positions)
    {
        _metadata.Invalidate();
        foreach (ReadPosition position in positions)
        {
            Pause(position);
        }
    }

    private void Pause(ReadPosition position)
    {
        long untilMs = _runtime.Waiters.NowMs + (long)_runtime.Options.RetryBackoffMax.TotalMilliseconds / 10;
        _assignment.Update(position, p => p.NotBeforeMs = untilMs);
    }

    private FetchRequest ToRequest(List<ReadPosition> positions, ClusterView view, out short highestVersion)
    {
        highestVersion = short.MaxValue;
        FetchRequest request = new()
        {
            MaxWaitMs = (int)_options.MaxWait.TotalMilliseconds,
            MinBytes = _options.MinBytes,
            MaxBytes = _options.MaxBytes,
            IsolationLevel = _options.ReadCommitted ? (sbyte)1 : (sbyte)0,
            RackId = _options.Rack,
        };
        FetchRequest.FetchTopic? last = null;
        foreach (ReadPosition position in positions)
        {
            view.TryGetPartition(position.Partition, out TopicView? topic, out _);
            if (last is null || last.Topic != position.Partition.Topic)
            {
                last = new FetchRequest.FetchTopic { Topic = position.Partition.Topic, TopicId = topic?.Id ?? Uuid.Zero };
                request.Topics.Add(last);
                highestVersion = last.TopicId == Uuid.Zero ? (short)12 : highestVersion;
            }

            last.Partitions.Add(new()
            {
                Partition = position.Partition.Partition,
                CurrentLeaderEpoch = LeadershipOf(position.Partition, view),
                FetchOffset = position.Fetch,
                LastFetchedEpoch = position.LastEpoch,
                PartitionMaxBytes = _options.MaxPartitionBytes,
            });
        }

        return request;
    }

    private static FetchResponse.PartitionData? AnswerFor(FetchResponse response, TopicPartition partition, ClusterView view)
    {
        Uuid id = view.TryGetTopic(partition.Topic, out TopicView? known) ? known.Id : Uuid.Zero;
        foreach (FetchResponse.FetchableTopicResponse topic in response.Responses)
        {
            if (topic.Topic == partition.Topic || (topic.TopicId == id && id != Uuid.Zero))
            {
                foreach (FetchResponse.PartitionData data in topic.Partitions)
                {
                    if (data.PartitionIndex == partition.Partition)
                    {
                        return data;
                    }
                }
            }
        }

        return null;
    }

    private void Apply(ReadPosition position, LeaderEpoch leadership, FetchResponse.PartitionData? answer, FetchedFrame frame)
    {
        switch (answer?.ErrorCode)
        {
            case null:
                Pause(position);
                break;
            case ErrorCode.None when answer.DivergingEpoch.EndOffset != Offset.None:
                Reset(position, $"the log of {position.Partition} was cut at offset {answer.DivergingEpoch.EndOffset}, before the position {position.Fetch}: records that were read are gone from the cluster");
                break;
            case ErrorCode.None:
                Accept(position, leadership, answer, frame);
                break;
            case ErrorCode.OffsetOutOfRange:
                Reset(position, $"offset {position.Fetch} is not in the log of {position.Partition}, which begins at {answer.LogStartOffset} and of which {answer.HighWatermark} is the end");
                break;
            case var error when error.Value.IsRetriable():
                if (_metadata.LearnLeader(position.Partition, answer.CurrentLeader.LeaderId, answer.CurrentLeader.LeaderEpoch))
                {
                    _assignment.Update(position, static _ => { });
                    break;
                }

                if (error.Value.NeedsMetadataRefresh() || error == ErrorCode.UnknownLeaderEpoch)
                {
                    _metadata.Invalidate();
                }

                Pause(position);
                break;
            default:
                Fail(position, new KafkaException(answer.ErrorCode, $"{position.Partition} cannot be read"));
                break;
        }
    }

    private void Accept(ReadPosition position, LeaderEpoch leadership, FetchResponse.PartitionData answer, FetchedFrame frame)
    {
        ReadOnlyMemory<byte> records = answer.Records ?? default(Memory<byte>);
        if (records.IsEmpty)
        {
            _assignment.Update(position, static _ => { });
            return;
        }

        Offset from = position.Fetch;
        FetchExtent extent = FetchExtent.Of(records.Span, from, position.LastEpoch, _options.CheckCrcs);
        if (extent.Bytes == 0)
        {
            Fail(position, new KafkaException(ErrorCode.CorruptMessage, $"{position.Partition}: {extent.Damage}"));
            return;
        }

        // A position that a seek has replaced meanwhile wants none of this.
        bool wanted = _assignment.Update(position, p =>
        {
            p.Fetch = extent.Next;
            p.LastEpoch = extent.LastEpoch;
        });
        if (wanted)
        {
            Enqueue(new FetchedRecords(position.Partition, position.Generation, from, extent, leadership, answer, frame, _options, Returned));
        }
    }

    private void Enqueue(FetchedRecords fetched)
    {
        bool isLate;
        lock (_lock)
        {
            isLate = _closed;
            _bufferedBytes += fetched.Bytes;
            if (!isLate)
            {
                _ready.Enqueue(fetched);
            }
        }

        if (isLate)
        {
            fetched.Dispose();
        }
    }

    private void Reset(ReadPosition position, string what)
    {
        switch (_options.OffsetReset)
        {
            case OffsetReset.Earliest:
                _assignment.Update(position, static p => p.Start = StartAt.Beginning);
                break;
            case OffsetReset.Latest:
                _assignment.Update(position, static p => p.Start = StartAt.End);
                break;
            default:
                Fail(position, new KafkaException(ErrorCode.OffsetOutOfRange, $"{what}; seek, or set auto.offset.reset"));
                break;
        }
    }

    private void Fail(ReadPosition position, KafkaException reason) => _assignment.Update(position, p => p.Failure = reason);

    private void Returned(FetchedRecords records)
    {
        lock (_lock)
        {
            _bufferedBytes -= records.Bytes;
        }

        _wake.Set();
    }
}
