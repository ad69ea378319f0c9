using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Consume;
using RaftLog.Client.Observability;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Groups;

/// <summary>
/// One member of a classic group: members agree among themselves (JoinGroup, SyncGroup).
/// </summary>
internal sealed class ClassicMember : IGroupMember
{
    private readonly ConsumerOptions _options;
    private readonly ClientRuntime _runtime;
    private readonly Coordinator _coordinator;
    private readonly OwnedPartitions _owned;
    private readonly GroupJoin _join;
    private readonly Action _wake;
    private readonly AsyncSignal _beat;
    private readonly Lock _lock = new();
    private IReadOnlyList<string> _topics = [];
    private IReadOnlyList<string> _joinedFor = [];
    private GroupIdentity _identity = GroupIdentity.None;
    private JoinedGroup? _joined;
    private KafkaException? _failure;
    private MemberStage _stage = MemberStage.Outside;
    private bool _isLost;
    private bool _hasLeft;
    private long _polledMs;

    public ClassicMember(
        ConsumerOptions options,
        ClientRuntime runtime,
        ClusterMetadata metadata,
        Coordinator coordinator,
        OffsetCommits offsets,
        OwnedPartitions owned,
        Action wake
    )
    {
        _options = options;
        _runtime = runtime;
        _coordinator = coordinator;
        _owned = owned;
        _wake = wake;
        _beat = new AsyncSignal(runtime.Waiters);
        _join = new GroupJoin(options, runtime, metadata, coordinator, offsets);
    }

    private enum MemberStage
    {
        /// <summary>Nothing is subscribed to.</summary>
        Outside,

        /// <summary>The reader must come, give up what has to be given up, and join.</summary>
        MustJoin,

        /// <summary>It is joining in the background.</summary>
        Joining,

        /// <summary>It has joined; the reader must come and take over its partitions.</summary>
        Joined,

        /// <summary>It reads its partitions.</summary>
        Stable,

        /// <summary>It is closed.</summary>
        Closed,
    }

    /// <inheritdoc />
    public GroupIdentity Identity
    {
        get
        {
            lock (_lock)
            {
                return _identity;
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
                return _stage == MemberStage.Stable;
            }
        }
    }

    /// <inheritdoc />
    public void Subscribe(GroupTopics topics)
    {
        bool isFirst;
        lock (_lock)
        {
            isFirst = _stage == MemberStage.Outside;
            _topics = topics.Names;
            _polledMs = _runtime.Waiters.NowMs;
            _stage = _stage is MemberStage.Outside or MemberStage.Stable ? MemberStage.MustJoin : _stage;
        }

        if (isFirst)
        {
            _runtime.Supervisor.Run("group heartbeats", BeatAsync);
        }

        _wake();
    }

    /// <inheritdoc />
    public async ValueTask PollAsync(long sinceMs)
    {
        JoinedGroup? joined;
        MemberStage stage;
        bool isLost;
        lock (_lock)
        {
            if (_failure is { } failure)
            {
                throw failure;
            }

            // Who comes back so late may have been put out already, without having heard of it yet.
            if (IsAway && _identity.IsMember && _stage is MemberStage.Stable or MemberStage.Joined or MemberStage.MustJoin)
            {
                (_isLost, _joined, _stage) = (true, null, MemberStage.MustJoin);
                _identity = _identity with { Generation = -1 };
            }

            _polledMs = sinceMs;

            (isLost, _isLost) = (_isLost, false);
            stage = _stage;
            joined = _joined;
        }

        if (isLost)
        {
            await _owned.LoseAsync();
        }

        switch (stage)
        {
            case MemberStage.MustJoin:
                await BeginJoinAsync();
                break;
            case MemberStage.Joined when joined is not null:
                await TakeOverAsync(joined);
                break;
            case MemberStage.Stable:
                _owned.CommitNowAndThen(() => Identity);
                break;
        }
    }

    /// <inheritdoc />
    public async ValueTask CloseAsync(CallDeadline deadline)
    {
        MemberStage before;
        bool isLost;
        lock (_lock)
        {
            (before, _stage) = (_stage, MemberStage.Closed);
            isLost = _isLost;
        }

        _beat.Close();
        if (before is MemberStage.Outside or MemberStage.Closed)
        {
            return;
        }

        if (!isLost)
        {
            await _owned.RevokeAsync(_owned.Now, () => Identity, deadline);
        }

        if (_options.GroupInstanceId is null)
        {
            await LeaveAsync("the consumer was closed", deadline);
        }
    }

    /// <inheritdoc />
    public void Stop()
    {
        lock (_lock)
        {
            _stage = MemberStage.Closed;
        }

        _beat.Close();
    }

    private bool IsCooperative => _options.Assignors.All(assignor => assignor.IsCooperative);

    private async ValueTask BeginJoinAsync()
    {
        List<TopicPartition> owned = _owned.Now;
        if (!IsCooperative)
        {
            await RevokeAsync(owned);
        }

        IReadOnlyList<string> topics;
        lock (_lock)
        {
            if (_stage != MemberStage.MustJoin)
            {
                return;
            }

            _stage = MemberStage.Joining;
            _hasLeft = false;
            topics = _joinedFor = _topics;
        }

        // A member that gives everything up says all the same what it had, so that a sticky assignor can give it back.
        _runtime.Supervisor.Run("join group", () => JoinAsync(topics, owned));
    }

    private async Task JoinAsync(IReadOnlyList<string> topics, List<TopicPartition> owned)
    {
        try
        {
            JoinedGroup joined = await _join.RunAsync(topics, Identity, owned, IsCooperative ? owned : [], () => IsJoining);
            lock (_lock)
            {
                if (_stage == MemberStage.Joining)
                {
                    (_identity, _joined, _stage) = (joined.Identity, joined, MemberStage.Joined);
                }
            }

            _runtime.Telemetry.Logger.GroupJoined(_options.GroupId!, joined.Identity.MemberId, joined.Identity.Generation);
        }
        catch (KafkaException e)
        {
            bool isClosed;
            lock (_lock)
            {
                _failure = e;
                isClosed = _stage == MemberStage.Closed;
            }

            if (!isClosed)
            {
                _runtime.Telemetry.Logger.MembershipFailed(_options.GroupId!, e.Message);
            }
        }

        _wake();
    }

    private bool IsJoining
    {
        get
        {
            lock (_lock)
            {
                return _stage == MemberStage.Joining;
            }
        }
    }

    private async ValueTask TakeOverAsync(JoinedGroup joined)
    {
        List<TopicPartition> owned = _owned.Now;
        List<TopicPartition> taken = [.. owned.Except(joined.Partitions)];
        SortedDictionary<TopicPartition, StartAt> given = [];
        foreach (TopicPartition partition in joined.Partitions.Except(owned))
        {
            given.Add(partition, joined.StartOf(partition));
        }

        lock (_lock)
        {
            if (_stage != MemberStage.Joined)
            {
                return;
            }

            // What was given up in this round is free for the others only in the next; and the subscription may have changed meanwhile.
            _stage = taken.Count > 0 || _joinedFor != _topics ? MemberStage.MustJoin : MemberStage.Stable;
            _joined = null;
        }

        await RevokeAsync(taken);
        await _owned.GiveAsync(given);
        _wake();
    }

    private ValueTask RevokeAsync(List<TopicPartition> partitions) =>
        _owned.RevokeAsync(partitions, () => Identity, new CallDeadline(_runtime.Waiters, _options.CloseTimeout));

    private async Task BeatAsync()
    {
        while (await _beat.WaitAsync(_options.HeartbeatInterval) != WaitOutcome.Closed)
        {
            GroupIdentity identity = Identity;
            if (HasReaderVanished())
            {
                _runtime.Telemetry.Logger.ReaderVanished(_options.GroupId!, (long)_options.MaxPollInterval.TotalMilliseconds);
                await LeaveAsync(
                    "the reader did not come back within max.poll.interval.ms",
                    new CallDeadline(_runtime.Waiters, _options.SessionTimeout)
                );
                Lose(forgetsId: true);
                continue;
            }

            if (!identity.IsMember || IsJoining)
            {
                continue;
            }

            HeartbeatRequest request = new()
            {
                GroupId = _options.GroupId!,
                GenerationId = identity.Generation,
                MemberId = identity.MemberId,
                GroupInstanceId = _options.GroupInstanceId,
            };
            (_, ErrorCode error, string reason) = await _coordinator.TryCallAsync(
                request,
                static r => r.ErrorCode,
                new CallDeadline(_runtime.Waiters, _options.SessionTimeout)
            );
            Heard(identity, error, reason);
            if (error == ErrorCode.None && _join.MustShareAnew(_topics))
            {
                JoinAgain();
            }
        }
    }

    private bool HasReaderVanished()
    {
        lock (_lock)
        {
            bool leaves =
                IsAway && !_hasLeft && _identity.IsMember && _stage is MemberStage.Stable or MemberStage.Joined or MemberStage.MustJoin;
            _hasLeft |= leaves;
            return leaves;
        }
    }

    /// <summary>True when the reader has stayed away for longer than it may. Under the lock.</summary>
    private bool IsAway => _runtime.Waiters.NowMs - _polledMs > _options.MaxPollInterval.TotalMilliseconds;

    private void Heard(GroupIdentity asked, ErrorCode error, string reason)
    {
        if (asked != Identity)
        {
            return;
        }

        switch (error)
        {
            case ErrorCode.RebalanceInProgress:
                JoinAgain();
                break;
            case ErrorCode.UnknownMemberId or ErrorCode.IllegalGeneration:
                _runtime.Telemetry.Logger.MemberFenced(_options.GroupId!, error.ToString());
                Lose(forgetsId: error == ErrorCode.UnknownMemberId);
                break;
            case ErrorCode.FencedInstanceId or ErrorCode.GroupAuthorizationFailed:
                lock (_lock)
                {
                    _failure = new KafkaException(error, $"the member is out of group '{_options.GroupId}': {reason}");
                }

                _wake();
                break;
        }
    }

    private void JoinAgain()
    {
        lock (_lock)
        {
            _stage = _stage is MemberStage.Stable or MemberStage.Joined ? MemberStage.MustJoin : _stage;
            _joined = null;
        }

        _wake();
    }

    private void Lose(bool forgetsId)
    {
        lock (_lock)
        {
            _isLost = true;
            _joined = null;
            _identity = new GroupIdentity(forgetsId ? "" : _identity.MemberId, -1);
            _stage = _stage is MemberStage.Stable or MemberStage.Joined ? MemberStage.MustJoin : _stage;
        }

        _wake();
    }

    private async ValueTask LeaveAsync(string reason, CallDeadline deadline)
    {
        GroupIdentity identity = Identity;
        if (identity.MemberId.Length == 0)
        {
            return;
        }

        LeaveGroupRequest request = new()
        {
            GroupId = _options.GroupId!,
            MemberId = identity.MemberId,
            Members =
            [
                new()
                {
                    MemberId = identity.MemberId,
                    GroupInstanceId = _options.GroupInstanceId,
                    Reason = reason,
                },
            ],
        };
        await _coordinator.TryCallAsync(request, static r => r.ErrorCode, deadline);
    }
}
