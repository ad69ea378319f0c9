using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>A member of a consumer group (KIP-848) of one topic; the coordinator assigns.</summary>
internal sealed class ConsumerMembership(
    ProgramWorld world,
    CoordinatorRequests coordinators,
    string group,
    string name,
    string topic,
    TimeSpan session,
    GroupLog log
) : IGroupMembership
{
    private const short WithTopicIds = 10;

    private readonly GroupSeat _seat = new(group, log, world.NowUs, session);
    private Uuid? _topicId;
    private int _lives;
    private bool _tellsAll = true;

    /// <inheritdoc />
    public string Group => group;

    /// <inheritdoc />
    public string MemberId { get; private set; } = "";

    /// <inheritdoc />
    public int Generation { get; private set; }

    /// <inheritdoc />
    public bool IsFencedByGeneration => false;

    /// <inheritdoc />
    public IReadOnlyCollection<TopicPartition> Owned => _seat.Owned;

    /// <inheritdoc />
    public async Task BeatAsync()
    {
        if (await TopicIdAsync() is not { } topicId)
        {
            return;
        }

        if (MemberId.Length == 0)
        {
            MemberId = $"{name}-{++_lives}";
        }

        bool tellsAll = _tellsAll || Generation == 0;
        long sent = world.NowUs();
        _seat.Sends();
        CallResult<ConsumerGroupHeartbeatResponse> told = await coordinators.CallAsync(
            CoordinatorKind.Group,
            group,
            new ConsumerGroupHeartbeatRequest
            {
                GroupId = group,
                MemberId = MemberId,
                MemberEpoch = Generation,
                RebalanceTimeoutMs = tellsAll ? (int)session.TotalMilliseconds : -1,
                SubscribedTopicNames = tellsAll ? [topic] : null,
                TopicPartitions = tellsAll ? Holdings(topicId) : null,
            },
            static response => response.ErrorCode
        );
        switch (told.Error)
        {
            case ErrorCode.None:
                SortedSet<TopicPartition>? assigned = AssignedBy(told.Response!);
                _seat.Heard(sent, mustGiveUp: assigned is not null && Owned.Any(each => !assigned.Contains(each)));
                Generation = told.Response!.MemberEpoch;
                _tellsAll = assigned is not null;
                Follow(assigned);
                break;
            case ErrorCode.FencedMemberEpoch or ErrorCode.UnknownMemberId:
                Lose();
                break;
            default:
                _tellsAll = true;
                break;
        }
    }

    /// <inheritdoc />
    public async Task LeaveAsync()
    {
        _seat.GiveAll(MemberId);
        await coordinators.CallAsync(
            CoordinatorKind.Group,
            group,
            new ConsumerGroupHeartbeatRequest
            {
                GroupId = group,
                MemberId = MemberId,
                MemberEpoch = -1,
            },
            static response => response.ErrorCode
        );
        Lose();
    }

    /// <inheritdoc />
    public void Lose()
    {
        _seat.GiveAll(MemberId);
        (MemberId, Generation, _tellsAll) = ("", 0, true);
    }

    /// <summary>
    /// What is not in the assignment is given up at once and told with the next beat; what is new in it is free, and taken.
    /// </summary>
    private void Follow(SortedSet<TopicPartition>? assigned)
    {
        if (assigned is null)
        {
            return;
        }

        foreach (TopicPartition partition in _seat.Owned.Where(each => !assigned.Contains(each)).ToList())
        {
            _seat.Give(MemberId, partition);
        }

        foreach (TopicPartition partition in assigned)
        {
            _seat.Take(partition);
        }
    }

    private SortedSet<TopicPartition>? AssignedBy(ConsumerGroupHeartbeatResponse response) =>
        response.Assignment is not { } assignment
            ? null
            : [.. assignment.TopicPartitions.SelectMany(each => each.Partitions.Select(index => new TopicPartition(topic, index)))];

    private List<ConsumerGroupHeartbeatRequest.HeartbeatTopicPartitions> Holdings(Uuid topicId) =>
        Owned.Count == 0 ? [] : [new() { TopicId = topicId, Partitions = [.. Owned.Select(each => each.Partition)] }];

    private async Task<Uuid?> TopicIdAsync()
    {
        if (_topicId is null)
        {
            MetadataRequest request = new() { Topics = [new() { Name = topic }], AllowAutoTopicCreation = false };
            RpcResult<MetadataResponse> result = await world.Client.CallAsync(
                world.AnyNode(),
                request,
                CoordinatorRequests.Limit,
                WithTopicIds
            );
            _topicId =
                result.TryGet(out MetadataResponse? response) && response.Topics is [{ ErrorCode: ErrorCode.None } found]
                    ? found.TopicId
                    : null;
        }

        return _topicId;
    }
}
