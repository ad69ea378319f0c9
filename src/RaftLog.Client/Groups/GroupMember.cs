using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Consume;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Groups;

/// <summary>
/// One member of a classic group. Joining and signs of life go on in the background, whatever the reader does; what a rebalance gives and
/// takes happens when the reader comes for more records, so that it never works on a partition that another has got.
/// </summary>
internal sealed class GroupMember
{
    private readonly ConsumerOptions _options;
    private readonly ClientRuntime _runtime;
    private readonly MetadataCache _metadata;
    private readonly Assignment _assignment;
    private readonly Coordinator _coordinator;
    private readonly GroupOffsets _offsets;
    private readonly GroupJoin _join;
    private readonly Action _wake;
    private readonly AsyncSignal _beat;
    private readonly Lock _lock = new();
    private readonly SortedSet<TopicPartition> _owned = [];
    private IReadOnlyList<string> _topics = [];
    private IRebalanceListener? _listener;
    private GroupIdentity _identity = GroupIdentity.None;
    private JoinedGroup? _joined;
    private KafkaException? _failure;
    private MemberStage _stage = MemberStage.Outside;
    private bool _isLost;
    private bool _hasLeft;
    private long _polledMs;
    private long _committedMs;

    public GroupMember(
        ConsumerOptions options,
        ClientRuntime runtime,
        MetadataCache metadata,
        Assignment assignment,
        Coordinator coordinator,
        GroupOffsets offsets,
        Action wake)
    {
        _options = options;
        _runtime = runtime;
        _metadata = metadata;
        _assignment = assignment;
        _coordinator = coordinator;
        _offsets = offsets;
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

    /// <summary>Who it is to the coordinator now.</summary>
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

    /// <summary>Wants these topics from now on.</summary>
    public void Subscribe(IReadOnlyList<string> topics, IRebalanceListener? listener)
    {
        bool isFirst;
        lock (_lock)
        {
            isFirst = _stage == MemberStage.Outside;
            _topics = [.. topics.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            _listener = listener;
            _polledMs = _committedMs = _runtime.Waiters.NowMs;
            _stage = _stage is MemberStage.Outside or MemberStage.Stable ? MemberStage.MustJoin : _stage;
        }

        if (isFirst)
        {
            _runtime.Supervisor.Run("group heartbeats", BeatAsync);
        }

        _wake();
    }

    /// <summary>What the reader does for the group each time it comes for records.</summary>
    /// <exception cref="KafkaException">The group cannot be joined.</exception>
    public async ValueTask PollAsync()
    {
        JoinedGroup? joined;
        List<TopicPartition> lost = [];
        MemberStage stage;
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

            _polledMs = _runtime.Waiters.NowMs;

            if (_isLost)
            {
                _isLost = false;
                lost.AddRange(_owned);
                _owned.Clear();
            }

            stage = _stage;
            joined = _joined;
        }

        if (lost.Count > 0)
        {
            Take(lost);
            await Tell(listener => listener.LostAsync(lost));
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
                CommitNowAndThen();
                break;
        }
    }

    /// <summary>Commits, gives everything up and leaves, so that the others need not wait for the session to end.</summary>
    public async ValueTask CloseAsync(Deadline deadline)
    {
        List<TopicPartition> owned;
        MemberStage before;
        lock (_lock)
        {
            before = _stage;
            _stage = MemberStage.Closed;
            owned = _isLost ? [] : [.. _owned];
        }

        _beat.Close();
        if (before is MemberStage.Outside or MemberStage.Closed)
        {
            return;
        }

        await RevokeAsync(owned, deadline);
        if (_options.GroupInstanceId is null)
        {
            await LeaveAsync("the consumer was closed", deadline);
        }
    }

    private bool IsCooperative => _options.Assignors.All(assignor => assignor.IsCooperative);

    private async ValueTask BeginJoinAsync()
    {
        List<TopicPartition> owned;
        lock (_lock)
        {
            owned = [.. _owned];
        }

        if (!IsCooperative)
        {
            await RevokeAsync(owned, new Deadline(_runtime.Waiters, _runtime.Options.RequestTimeout));
        }

        lock (_lock)
        {
            if (_stage != MemberStage.MustJoin)
            {
                return;
            }

            _stage = MemberStage.Joining;
            _hasLeft = false;
        }

        // A member that gives everything up says all the same what it had, so that a sticky assignor can give it back.
        _runtime.Supervisor.Run("join group", () => JoinAsync(owned));
    }

    private async Task JoinAsync(List<TopicPartition> owned)
    {
        try
        {
            JoinedGroup joined = await _join.RunAsync(_topics, Identity, owned, IsCooperative ? owned : [], () => IsJoining);
            lock (_lock)
            {
                if (_stage == MemberStage.Joining)
                {
                    (_identity, _joined, _stage) = (joined.Identity, joined, MemberStage.Joined);
                }
            }
        }
        catch (KafkaException e)
        {
            lock (_lock)
            {
                _failure = e;
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
        List<TopicPartition> taken;
        SortedDictionary<TopicPartition, StartAt> given = [];
        lock (_lock)
        {
            if (_stage != MemberStage.Joined)
            {
                return;
            }

            taken = [.. _owned.Where(partition => !joined.Partitions.Contains(partition))];
            foreach (TopicPartition partition in joined.Partitions)
            {
                if (_owned.Add(partition))
                {
                    given.Add(partition, joined.StartOf(partition));
                }
            }

            // What was given up in this round is free for the others only in the next.
            _stage = taken.Count > 0 ? MemberStage.MustJoin : MemberStage.Stable;
            _joined = null;
        }

        await RevokeAsync(taken, new Deadline(_runtime.Waiters, _runtime.Options.RequestTimeout));
        FetchLoop.Release(_assignment.Change([], given));
        await Tell(listener => listener.AssignedAsync([.. given.Keys]));
        _wake();
    }

    /// <summary>Commits and gives up partitions that others will get.</summary>
    private async ValueTask RevokeAsync(List<TopicPartition> partitions, Deadline deadline)
    {
        if (partitions.Count == 0)
        {
            return;
        }

        if (_options.AutoCommit)
        {
            await TryCommitAsync(partitions, deadline);
        }

        await Tell(listener => listener.RevokedAsync(partitions));
        Take(partitions);
        lock (_lock)
        {
            _owned.ExceptWith(partitions);
        }
    }

    private void Take(List<TopicPartition> partitions) =>
        FetchLoop.Release(_assignment.Change(partitions, new SortedDictionary<TopicPartition, StartAt>()));

    private async ValueTask Tell(Func<IRebalanceListener, ValueTask> what)
    {
        if (_listener is { } listener)
        {
            await what(listener);
        }
    }

    private void CommitNowAndThen()
    {
        long nowMs = _runtime.Waiters.NowMs;
        if (_options.AutoCommit && nowMs - _committedMs >= _options.AutoCommitInterval.TotalMilliseconds)
        {
            _committedMs = nowMs;
            List<TopicPartition> owned;
            lock (_lock)
            {
                owned = [.. _owned];
            }

            SortedDictionary<TopicPartition, Offset> read = ReadOf(owned);
            _runtime.Supervisor.Run("auto commit", async () => await TryCommitAsync(read, new Deadline(_runtime.Waiters, _runtime.Options.RequestTimeout)));
        }
    }

    private ValueTask TryCommitAsync(List<TopicPartition> partitions, Deadline deadline) => TryCommitAsync(ReadOf(partitions), deadline);

    private SortedDictionary<TopicPartition, Offset> ReadOf(List<TopicPartition> partitions)
    {
        SortedDictionary<TopicPartition, Offset> read = _assignment.Positions();
        foreach (TopicPartition other in read.Keys.Except(partitions).ToList())
        {
            read.Remove(other);
        }

        return read;
    }

    /// <summary>An automatic commit that fails is made up for by the next; at worst records are read again.</summary>
    private async ValueTask TryCommitAsync(SortedDictionary<TopicPartition, Offset> offsets, Deadline deadline)
    {
        try
        {
            await _offsets.CommitAsync(offsets, Identity, deadline);
        }
        catch (KafkaException)
        {
            // The coordinator tells the next heartbeat too, if this member is none any more.
        }
    }

    private async Task BeatAsync()
    {
        while (await _beat.WaitAsync(_options.HeartbeatInterval) != WaitOutcome.Closed)
        {
            GroupIdentity identity = Identity;
            if (HasReaderVanished())
            {
                await LeaveAsync("the reader did not come back within max.poll.interval.ms", new Deadline(_runtime.Waiters, _options.SessionTimeout));
                Lose(forgetsId: true);
                continue;
            }

            if (!identity.IsMember || IsJoining)
            {
                continue;
            }

            HeartbeatRequest request = new()
            {
                GroupId = _options.GroupId!, GenerationId = identity.Generation, MemberId = identity.MemberId, GroupInstanceId = _options.GroupInstanceId,
            };
            (_, ErrorCode error, string reason) = await _coordinator.TryCallAsync(
                request, static r => r.ErrorCode, new Deadline(_runtime.Waiters, _options.SessionTimeout));
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
            bool leaves = IsAway && !_hasLeft && _identity.IsMember && _stage is MemberStage.Stable or MemberStage.Joined or MemberStage.MustJoin;
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
            case ErrorCode.UnknownMemberId:
                Lose(forgetsId: true);
                break;
            case ErrorCode.IllegalGeneration:
                Lose(forgetsId: false);
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

    private async ValueTask LeaveAsync(string reason, Deadline deadline)
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
            Members = [new() { MemberId = identity.MemberId, GroupInstanceId = _options.GroupInstanceId, Reason = reason }],
        };
        await _coordinator.TryCallAsync(request, static r => r.ErrorCode, deadline);
    }
}
