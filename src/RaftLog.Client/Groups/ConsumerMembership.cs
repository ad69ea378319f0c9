using RaftLog.Client.Consume;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Groups;

/// <summary>
/// What one member of a consumer group knows and does next (KIP-848): when to send which heartbeat, and what the coordinator's responses
/// mean for the partitions that it reads. Waits for nothing; time comes in, deadlines go out. Not safe for concurrent use.
/// </summary>
/// <param name="options">The consumer's options.</param>
/// <param name="memberId">The id that the member makes for itself (KIP-1082).</param>
internal sealed class ConsumerMembership(ConsumerOptions options, string memberId)
{
    private const int Joining = 0;
    private const int Leaving = -1;
    private const int LeavingForAWhile = -2;
    private static readonly TimeSpan FirstInterval = TimeSpan.FromSeconds(5);

    private GroupTopics _topics = GroupTopics.None;
    private GroupTopics? _sentTopics;
    private SortedSet<TopicIdPartition>? _sentOwned;
    private TimeSpan _interval = FirstInterval;
    private long _nextMs = long.MaxValue;
    private long _polledMs;
    private int _epoch;
    private int _life;
    private int _lifeOfRequest;
    private long _unreleasedSinceMs = long.MaxValue;
    private bool _isWaiting;
    private bool _sentAll;

    /// <summary>Where the member stands.</summary>
    public ConsumerMemberStage Stage { get; private set; } = ConsumerMemberStage.Outside;

    /// <summary>What it reads.</summary>
    public SortedSet<TopicIdPartition> Owned { get; private set; } = [];

    /// <summary>What the coordinator wants it to read.</summary>
    public SortedSet<TopicIdPartition> Target { get; private set; } = [];

    /// <summary>Why it can be no member, or null.</summary>
    public KafkaException? Failure { get; private set; }

    /// <summary>Who it is to the coordinator.</summary>
    public GroupIdentity Identity => new(memberId, _epoch > 0 && Stage != ConsumerMemberStage.Lost ? _epoch : -1, _life);

    /// <summary>True while partitions have to come or go before the member reads what it is to read.</summary>
    public bool MustReconcile => Stage == ConsumerMemberStage.Member && !Owned.SetEquals(Target);

    /// <summary>When <see cref="Next"/> has something to send, if nothing happens before.</summary>
    public long NextMs =>
        _isWaiting || Stage is not (ConsumerMemberStage.Joining or ConsumerMemberStage.Member)
            ? long.MaxValue
            : Math.Min(_nextMs, AwayMs + 1);

    private long AwayMs => _polledMs + (long)options.MaxPollInterval.TotalMilliseconds;

    /// <summary>Subscribes to these topics from now on.</summary>
    public void Subscribe(GroupTopics topics, long nowMs)
    {
        _topics = topics;
        _nextMs = nowMs;
        if (Stage == ConsumerMemberStage.Outside)
        {
            _polledMs = nowMs;
            Stage = ConsumerMemberStage.Joining;
        }
    }

    /// <summary>The reader has come for records.</summary>
    /// <param name="nowMs">The client's clock.</param>
    /// <param name="sinceMs">Since when its work has made progress; null for now.</param>
    public void Polled(long nowMs, long? sinceMs = null)
    {
        // Who comes back so late has lost its partitions, whether it has said so already or not.
        if (nowMs > AwayMs && Stage == ConsumerMemberStage.Member)
        {
            Lose();
        }

        _polledMs = sinceMs ?? nowMs;
    }

    /// <summary>
    /// The heartbeat to send now, or null. Until its <see cref="Heard"/> or <see cref="HeardNothing"/> there is no other.
    /// </summary>
    public ConsumerGroupHeartbeatRequest? Next(long nowMs)
    {
        if (nowMs < NextMs)
        {
            return null;
        }

        (_isWaiting, _lifeOfRequest) = (true, _life);
        if (nowMs > AwayMs)
        {
            return Leave();
        }

        bool isWhole = _epoch == Joining || !_sentAll;
        bool isTopicsNew = isWhole || _sentTopics != _topics;
        ConsumerGroupHeartbeatRequest request = NewRequest(_epoch);
        if (isWhole)
        {
            request.RackId = options.Rack.Length == 0 ? null : options.Rack;
            request.RebalanceTimeoutMs = (int)options.MaxPollInterval.TotalMilliseconds;
            request.ServerAssignor = options.RemoteAssignor;
        }

        if (isTopicsNew)
        {
            request.SubscribedTopicNames = [.. _topics.Names];

            // An empty expression takes back the one before.
            request.SubscribedTopicRegex = _topics.Pattern ?? (_sentTopics?.Pattern is null ? null : "");
        }

        if (isWhole || _sentOwned is null || !_sentOwned.SetEquals(Owned))
        {
            request.TopicPartitions =
            [
                .. Owned
                    .GroupBy(each => each.TopicId)
                    .Select(topic => new ConsumerGroupHeartbeatRequest.HeartbeatTopicPartitions
                    {
                        TopicId = topic.Key,
                        Partitions = [.. topic.Select(each => each.Partition)],
                    }),
            ];
        }

        (_sentAll, _sentTopics, _sentOwned) = (true, _topics, [.. Owned]);
        return request;
    }

    /// <summary>The coordinator has responded.</summary>
    /// <param name="response">The response.</param>
    /// <param name="nowMs">The time.</param>
    /// <param name="pause">How long to wait before a heartbeat that is sent again because of a passing error.</param>
    public void Heard(ConsumerGroupHeartbeatResponse response, long nowMs, TimeSpan pause)
    {
        _isWaiting = false;
        if (_lifeOfRequest != _life)
        {
            // It is about the member that was put out since.
            return;
        }

        if (response.ErrorCode == ErrorCode.None)
        {
            Accept(response, nowMs);
            return;
        }

        HeardNothing(nowMs, pause);
        switch (response.ErrorCode)
        {
            case ErrorCode.UnknownMemberId or ErrorCode.FencedMemberEpoch:
                if (Stage == ConsumerMemberStage.Member)
                {
                    Lose();
                }

                break;
            case ErrorCode.UnreleasedInstanceId
                when nowMs - (_unreleasedSinceMs = Math.Min(_unreleasedSinceMs, nowMs)) < options.SessionTimeout.TotalMilliseconds:
                // A member that died without a word has left its name behind until its session ends.
                break;
            case var error when !error.IsRetriable():
                Fail(error, response.ErrorMessage ?? $"the coordinator rejected the heartbeat with {error}");
                break;
        }
    }

    /// <summary>No response has come: all is said again, since nobody knows what the coordinator has heard.</summary>
    public void HeardNothing(long nowMs, TimeSpan pause)
    {
        _isWaiting = false;
        _sentAll = false;
        _nextMs = nowMs + (long)pause.TotalMilliseconds;
    }

    /// <summary>The membership cannot go on.</summary>
    public void Fail(ErrorCode error, string reason)
    {
        if (Stage != ConsumerMemberStage.Closed)
        {
            Failure = new KafkaException(error, $"the consumer cannot be a member of group '{options.GroupId}': {reason}");
            Stage = ConsumerMemberStage.Failed;
        }
    }

    /// <summary>The reader has given up what it had, and joins anew.</summary>
    public void JoinAnew(long nowMs)
    {
        if (Stage == ConsumerMemberStage.Lost)
        {
            (Owned, Target, _epoch, _sentAll, _sentTopics) = ([], [], Joining, false, null);
            _nextMs = nowMs;
            Stage = ConsumerMemberStage.Joining;
        }
    }

    /// <summary>The reader reads this from now on; the coordinator is told at once.</summary>
    public void Reconciled(IEnumerable<TopicIdPartition> owned, long nowMs)
    {
        if (Stage == ConsumerMemberStage.Member)
        {
            Owned = [.. owned];
            _nextMs = nowMs;
        }
    }

    /// <summary>The member is closed.</summary>
    /// <returns>The heartbeat that says so, or null where it has said nothing yet.</returns>
    public ConsumerGroupHeartbeatRequest? Close()
    {
        bool isKnown = Stage is ConsumerMemberStage.Member or ConsumerMemberStage.Joining;
        Stage = ConsumerMemberStage.Closed;
        return isKnown ? NewRequest(LeaveEpoch) : null;
    }

    /// <summary>A static member comes back: its partitions wait for it until its session ends.</summary>
    private int LeaveEpoch => options.GroupInstanceId is null ? Leaving : LeavingForAWhile;

    private ConsumerGroupHeartbeatRequest NewRequest(int epoch) =>
        new()
        {
            GroupId = options.GroupId!,
            MemberId = memberId,
            MemberEpoch = epoch,
            InstanceId = options.GroupInstanceId,
        };

    /// <summary>The reader has stayed away for longer than it may.</summary>
    private ConsumerGroupHeartbeatRequest Leave()
    {
        Lose();
        return NewRequest(LeaveEpoch);
    }

    private void Lose()
    {
        _life++;
        Stage = ConsumerMemberStage.Lost;
    }

    private void Accept(ConsumerGroupHeartbeatResponse response, long nowMs)
    {
        if (Stage is not (ConsumerMemberStage.Joining or ConsumerMemberStage.Member) || response.MemberEpoch < 0)
        {
            return;
        }

        Stage = ConsumerMemberStage.Member;
        _unreleasedSinceMs = long.MaxValue;
        _epoch = response.MemberEpoch;
        _interval = response.HeartbeatIntervalMs > 0 ? TimeSpan.FromMilliseconds(response.HeartbeatIntervalMs) : _interval;
        bool isUnsaid = _sentTopics != _topics || _sentOwned is null || !_sentOwned.SetEquals(Owned);
        _nextMs = isUnsaid ? nowMs : nowMs + (long)_interval.TotalMilliseconds;
        if (response.Assignment is { } assignment)
        {
            Target =
            [
                .. assignment.TopicPartitions.SelectMany(topic =>
                    topic.Partitions.Select(each => new TopicIdPartition(topic.TopicId, each))
                ),
            ];
        }
    }
}

/// <summary>Where a member of a consumer group stands.</summary>
internal enum ConsumerMemberStage
{
    /// <summary>Nothing is subscribed to.</summary>
    Outside,

    /// <summary>The coordinator has not responded to its first heartbeat yet.</summary>
    Joining,

    /// <summary>It belongs to the group.</summary>
    Member,

    /// <summary>
    /// It was put out of the group, or has left since its reader stayed away: the reader must come, give up what it had, and join anew.
    /// </summary>
    Lost,

    /// <summary>It can be no member.</summary>
    Failed,

    /// <summary>It is closed.</summary>
    Closed,
}
