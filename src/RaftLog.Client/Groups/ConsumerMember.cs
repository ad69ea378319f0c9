using Microsoft.Extensions.Logging;
using RaftLog.Client.Connections;
using RaftLog.Client.Consume;
using RaftLog.Client.Observability;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Groups;

/// <summary>One member of a consumer group (KIP-848): carries out what <see cref="ConsumerMembership"/> decides.</summary>
internal sealed class ConsumerMember : IGroupMember
{
    private readonly string _group;
    private readonly long _maxPollIntervalMs;
    private readonly TimeSpan _closeTimeout;
    private readonly ClientRuntime _runtime;
    private readonly Coordinator _coordinator;
    private readonly OffsetCommits _offsets;
    private readonly OwnedPartitions _owned;
    private readonly TopicNames _topicNames;
    private readonly Action _wake;
    private readonly AsyncSignal _beat;
    private readonly Backoff _backoff;
    private readonly Lock _lock = new();
    private readonly ConsumerMembership _membership;
    private readonly SortedDictionary<TopicIdPartition, TopicPartition> _reads = [];
    private Preparation? _prepared;
    private bool _isPreparing;

    public ConsumerMember(
        ConsumerOptions options,
        ClientRuntime runtime,
        Coordinator coordinator,
        OffsetCommits offsets,
        OwnedPartitions owned,
        TopicNames topicNames,
        Action wake
    )
    {
        _group = options.GroupId!;
        _maxPollIntervalMs = (long)options.MaxPollInterval.TotalMilliseconds;
        _closeTimeout = options.CloseTimeout;
        _runtime = runtime;
        _coordinator = coordinator;
        _offsets = offsets;
        _owned = owned;
        _topicNames = topicNames;
        _wake = wake;
        _beat = new AsyncSignal(runtime.Waiters);
        _backoff = runtime.NewBackoff();
        _membership = new ConsumerMembership(options, new Uuid(NextWord(runtime), NextWord(runtime)).ToString());
    }

    /// <inheritdoc />
    public GroupIdentity Identity
    {
        get
        {
            lock (_lock)
            {
                return _membership.Identity;
            }
        }
    }

    /// <inheritdoc />
    public bool IsSettled
    {
        get
        {
            lock (_lock)
            {
                return _membership.Stage == ConsumerMemberStage.Member;
            }
        }
    }

    private long NowMs => _runtime.Waiters.NowMs;

    /// <inheritdoc />
    public void Subscribe(GroupTopics topics)
    {
        bool isFirst;
        lock (_lock)
        {
            isFirst = _membership.Stage == ConsumerMemberStage.Outside;
            _membership.Subscribe(topics, NowMs);
        }

        if (isFirst)
        {
            _runtime.Supervisor.Run("group heartbeats", BeatAsync);
        }

        _beat.Set();
    }

    /// <inheritdoc />
    public async ValueTask PollAsync(long sinceMs)
    {
        ConsumerMemberStage stage;
        bool mustReconcile;
        lock (_lock)
        {
            if (_membership.Failure is { } failure)
            {
                throw failure;
            }

            _membership.Polled(NowMs, sinceMs);
            (stage, mustReconcile) = (_membership.Stage, _membership.MustReconcile);
        }

        if (stage == ConsumerMemberStage.Lost)
        {
            _reads.Clear();
            await _owned.LoseAsync();
            lock (_lock)
            {
                _membership.JoinAnew(NowMs);
            }

            _beat.Set();
        }
        else if (mustReconcile)
        {
            await ReconcileAsync();
        }
        else if (stage == ConsumerMemberStage.Member)
        {
            _owned.CommitNowAndThen(() => Identity);
        }
    }

    /// <inheritdoc />
    public async ValueTask CloseAsync(CallDeadline deadline)
    {
        bool isMember;
        lock (_lock)
        {
            isMember = _membership.Stage == ConsumerMemberStage.Member;
        }

        if (isMember)
        {
            await _owned.RevokeAsync(_owned.Now, () => Identity, deadline);
        }

        ConsumerGroupHeartbeatRequest? farewell;
        lock (_lock)
        {
            farewell = _membership.Close();
        }

        _beat.Close();
        // Nobody knows a member whose coordinator was never found: there is nothing to leave, and nobody to wait for.
        if (farewell is not null && _coordinator.WasFound)
        {
            await _coordinator.TryCallAsync(farewell, static r => r.ErrorCode, deadline);
        }
    }

    /// <inheritdoc />
    public void Stop()
    {
        lock (_lock)
        {
            _membership.Close();
        }

        _beat.Close();
    }

    private static ulong NextWord(ClientRuntime runtime) =>
        ((ulong)(uint)runtime.Entropy.Next(int.MaxValue) << 32) | (uint)runtime.Entropy.Next(int.MaxValue);

    /// <summary>
    /// Gives up what is not wanted any more, takes over what is prepared, and tells the coordinator. Where something to take over is not
    /// prepared yet, that begins.
    /// </summary>
    private async ValueTask ReconcileAsync()
    {
        SortedSet<TopicIdPartition> target;
        Preparation? prepared;
        lock (_lock)
        {
            (target, prepared, _prepared) = (_membership.Target, _prepared, null);
        }

        List<TopicIdPartition> revoked = [.. _reads.Keys.Except(target)];
        if (revoked.Count > 0)
        {
            await _owned.RevokeAsync(
                [.. revoked.Select(each => _reads[each])],
                () => Identity,
                new CallDeadline(_runtime.Waiters, _closeTimeout)
            );
            revoked.ForEach(each => _reads.Remove(each));
        }

        if (prepared?.Target == target)
        {
            SortedDictionary<TopicPartition, StartAt> given = [];
            foreach ((TopicIdPartition id, (TopicPartition partition, StartAt start)) in prepared.Given)
            {
                if (_reads.TryAdd(id, partition))
                {
                    given[partition] = start;
                }
            }

            await _owned.GiveAsync(given);
        }

        bool isUnprepared = target.Any(each => !_reads.ContainsKey(each));
        lock (_lock)
        {
            if (revoked.Count > 0 || prepared?.Target == target)
            {
                _membership.Reconciled(_reads.Keys, NowMs);
            }

            isUnprepared &= !_isPreparing;
            _isPreparing |= isUnprepared;
        }

        _beat.Set();
        if (isUnprepared)
        {
            List<TopicIdPartition> missing = [.. target.Where(each => !_reads.ContainsKey(each))];
            _runtime.Supervisor.Run("prepare partitions", () => PrepareAsync(target, missing));
        }
    }

    /// <summary>Finds the names of partitions that the reader is to read too, and where to begin.</summary>
    private async Task PrepareAsync(SortedSet<TopicIdPartition> target, List<TopicIdPartition> missing)
    {
        CallDeadline deadline = new(_runtime.Waiters, _runtime.Options.CallTimeout);
        SortedDictionary<TopicIdPartition, (TopicPartition Partition, StartAt Start)> given = [];
        try
        {
            IReadOnlyDictionary<Uuid, string> names = await _topicNames.FindAsync(
                [.. target.Select(each => each.TopicId).Distinct()],
                deadline
            );
            SortedDictionary<TopicIdPartition, TopicPartition> named = [];
            foreach (TopicIdPartition each in missing)
            {
                if (names.TryGetValue(each.TopicId, out string? name))
                {
                    named.Add(each, new TopicPartition(name, each.Partition));
                }
            }

            SortedDictionary<TopicPartition, OffsetAndEpoch> committed = await _offsets.FetchAsync(named.Values, deadline);
            foreach ((TopicIdPartition id, TopicPartition partition) in named)
            {
                given.Add(id, (partition, StartAt.Place(committed.GetValueOrDefault(partition, OffsetAndEpoch.None))));
            }
        }
        catch (KafkaException e) when (e.IsRetriable)
        {
            // The reader has this tried again as long as it is to read them.
        }
        catch (KafkaException e)
        {
            lock (_lock)
            {
                _membership.Fail(e.Code, e.Message);
            }
        }

        if (given.Count == 0)
        {
            await _runtime.Waiters.Delay(_runtime.Options.RetryBackoffMax);
        }

        lock (_lock)
        {
            _isPreparing = false;
            _prepared = given.Count == 0 ? null : new Preparation(target, given);
        }

        _wake();
    }

    private async Task BeatAsync()
    {
        TimeSpan pause = TimeSpan.Zero;
        while (await _beat.WaitAsync(pause) != WaitOutcome.Closed)
        {
            ConsumerGroupHeartbeatRequest? request;
            lock (_lock)
            {
                request = _membership.Next(NowMs);
            }

            if (request is { MemberEpoch: < 0 })
            {
                _runtime.Telemetry.Logger.ReaderVanished(_group, _maxPollIntervalMs);
            }

            if (request is not null)
            {
                await SendAsync(request);
                _wake();
            }

            long nextMs;
            lock (_lock)
            {
                nextMs = _membership.NextMs;
            }

            pause = nextMs == long.MaxValue ? Timeout.InfiniteTimeSpan : _runtime.Waiters.Until(nextMs);
        }
    }

    private async ValueTask SendAsync(ConsumerGroupHeartbeatRequest request)
    {
        (ConsumerGroupHeartbeatResponse? response, ErrorCode error, string reason) = await _coordinator.TryCallAsync(
            request,
            static r => r.ErrorCode,
            new CallDeadline(_runtime.Waiters, _runtime.Options.RequestTimeout)
        );
        if (error == ErrorCode.None)
        {
            _backoff.Reset();
        }

        ConsumerMemberStage before;
        ConsumerMemberStage after;
        GroupIdentity identity;
        KafkaException? failure;
        lock (_lock)
        {
            before = _membership.Stage;
            if (response is not null)
            {
                _membership.Heard(response, NowMs, _backoff.Next());
            }
            else
            {
                _membership.HeardNothing(NowMs, _backoff.Next());
                if (error == ErrorCode.UnsupportedVersion)
                {
                    _membership.Fail(
                        error,
                        $"{reason}; the consumer protocol (group.protocol=consumer) needs Kafka 4.0 or RaftLog: group.protocol=classic "
                            + $"works everywhere"
                    );
                }
            }

            (after, identity, failure) = (_membership.Stage, _membership.Identity, _membership.Failure);
        }

        if (before != after)
        {
            Log(after, identity, error, failure);
        }
    }

    private void Log(ConsumerMemberStage stage, GroupIdentity identity, ErrorCode error, KafkaException? failure)
    {
        ILogger logger = _runtime.Telemetry.Logger;
        switch (stage)
        {
            case ConsumerMemberStage.Member:
                logger.GroupJoined(_group, identity.MemberId, identity.Generation);
                break;
            case ConsumerMemberStage.Lost:
                logger.MemberFenced(_group, error.ToString());
                break;
            case ConsumerMemberStage.Failed:
                logger.MembershipFailed(_group, failure?.Message ?? "");
                break;
        }
    }

    /// <summary>Partitions that the reader can take over.</summary>
    /// <param name="Target">What the coordinator wanted when they were prepared.</param>
    /// <param name="Given">Their names, and where to begin.</param>
    private sealed record Preparation(
        SortedSet<TopicIdPartition> Target,
        SortedDictionary<TopicIdPartition, (TopicPartition Partition, StartAt Start)> Given
    );
}
