using RaftLog.Protocol;
using RaftLog.Protocol.Groups;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation;

/// <summary>A member of a classic group; its leader deals out the partitions in turn.</summary>
internal sealed class ClassicGroupMember(
    ProgramWorld world,
    CoordinatorRequests coordinators,
    string group,
    IReadOnlyList<TopicPartition> partitions,
    TimeSpan session,
    GroupLog log
) : IGroupMembership
{
    private const string Protocol = "in-turn";
    private const short SubscriptionVersion = 0;
    private const short WithMemberIdRequired = 7;

    private readonly GroupSeat _seat = new(group, log, world.NowUs, session);

    /// <inheritdoc />
    public string Group => group;

    /// <inheritdoc />
    public string MemberId { get; private set; } = "";

    /// <inheritdoc />
    public int Generation { get; private set; } = -1;

    /// <inheritdoc />
    public bool IsFencedByGeneration => true;

    /// <inheritdoc />
    public IReadOnlyCollection<TopicPartition> Owned => _seat.Owned;

    /// <inheritdoc />
    public async Task BeatAsync()
    {
        if (Generation < 0)
        {
            await JoinAsync();
            return;
        }

        long sent = world.NowUs();
        CallResult<HeartbeatResponse> told = await coordinators.CallAsync(
            CoordinatorKind.Group,
            group,
            new HeartbeatRequest
            {
                GroupId = group,
                GenerationId = Generation,
                MemberId = MemberId,
            },
            static response => response.ErrorCode
        );
        switch (told.Error)
        {
            case ErrorCode.None:
                _seat.HeardPerhapsUnseen(MemberId, sent);
                break;
            case ErrorCode.RebalanceInProgress:
                GiveUp();
                await JoinAsync();
                break;
            case ErrorCode.IllegalGeneration:
                GiveUp();
                break;
            case ErrorCode.UnknownMemberId:
                Lose();
                break;
        }
    }

    /// <inheritdoc />
    public async Task LeaveAsync()
    {
        GiveUp();
        await coordinators.CallAsync(
            CoordinatorKind.Group,
            group,
            new LeaveGroupRequest
            {
                GroupId = group,
                MemberId = MemberId,
                Members = [new() { MemberId = MemberId }],
            },
            static response => response.ErrorCode
        );
        MemberId = "";
    }

    /// <inheritdoc />
    public void Lose()
    {
        GiveUp();
        MemberId = "";
    }

    private void GiveUp()
    {
        _seat.GiveAll(MemberId);
        Generation = -1;
    }

    private async Task JoinAsync()
    {
        CallResult<JoinGroupResponse> joined = await coordinators.CallAsync(
            CoordinatorKind.Group,
            group,
            new JoinGroupRequest
            {
                GroupId = group,
                SessionTimeoutMs = (int)session.TotalMilliseconds,
                RebalanceTimeoutMs = (int)session.TotalMilliseconds,
                MemberId = MemberId,
                ProtocolType = ConsumerProtocol.Type,
                Protocols = [new() { Name = Protocol, Metadata = Subscription() }],
            },
            static response => response.ErrorCode,
            WithMemberIdRequired,
            session * 2
        );
        switch (joined.Error)
        {
            case ErrorCode.None:
                MemberId = joined.Response!.MemberId;
                await SyncAsync(joined.Response);
                break;
            case ErrorCode.MemberIdRequired:
                MemberId = joined.Response!.MemberId;
                break;
            case ErrorCode.UnknownMemberId:
                MemberId = "";
                break;
        }
    }

    private async Task SyncAsync(JoinGroupResponse joined)
    {
        SyncGroupRequest request = new()
        {
            GroupId = group,
            GenerationId = joined.GenerationId,
            MemberId = MemberId,
            ProtocolType = ConsumerProtocol.Type,
            ProtocolName = joined.ProtocolName,
        };
        for (int i = 0; joined.Leader == MemberId && i < joined.Members.Count; i++)
        {
            List<TopicPartition> share = [.. partitions.Where((_, index) => index % joined.Members.Count == i)];
            request.Assignments.Add(new() { MemberId = joined.Members[i].MemberId, Assignment = Assignment(share) });
        }

        long sent = world.NowUs();
        CallResult<SyncGroupResponse> told = await coordinators.CallAsync(
            CoordinatorKind.Group,
            group,
            request,
            static response => response.ErrorCode,
            limit: session * 2
        );
        if (told.IsDone)
        {
            Generation = joined.GenerationId;
            _seat.Heard(sent);
            log.Joined(group, Generation, sent, world.NowUs());
            foreach (
                ConsumerProtocolAssignment.AssignedTopicPartitions topic in ConsumerProtocol
                    .TryReadAssignment(told.Response!.Assignment)
                    ?.AssignedPartitions
                    ?? []
            )
            {
                topic.Partitions.ForEach(each => _seat.Take(new TopicPartition(topic.Topic, each)));
            }
        }
        else if (told.Error == ErrorCode.UnknownMemberId)
        {
            MemberId = "";
        }
    }

    private byte[] Subscription()
    {
        WireWriter writer = new();
        writer.WriteInt16(SubscriptionVersion);
        new ConsumerProtocolSubscription { Topics = [.. partitions.Select(each => each.Topic).Distinct()] }.Write(
            writer,
            SubscriptionVersion
        );
        return writer.ToArray();
    }

    private static byte[] Assignment(List<TopicPartition> share) =>
        ConsumerProtocol.Write(
            new ConsumerProtocolAssignment
            {
                AssignedPartitions =
                [
                    .. share
                        .GroupBy(each => each.Topic)
                        .Select(topic => new ConsumerProtocolAssignment.AssignedTopicPartitions
                        {
                            Topic = topic.Key,
                            Partitions = [.. topic.Select(each => each.Partition)],
                        }),
                ],
            },
            SubscriptionVersion
        );
}
