using RaftLog.Protocol;
using RaftLog.Protocol.Groups;
using RaftLog.Protocol.Messages;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>A member of a classic group on a connection of its own. Whoever leads the group deals out the partitions in turn.</summary>
internal sealed class ClassicMember(WireClient wire, GroupWork work, int number, RebalanceWatch watch)
    : GroupMember(wire, work, number, watch)
{
    private const string Assignor = "in-turn";
    private const short AssignmentVersion = 0;
    private static readonly byte[] Subscription = [0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];

    private string _id = "";
    private int _generation = -1;

    /// <inheritdoc/>
    protected override async Task SayGoodbyeAsync()
    {
        LeaveGroupRequest request = new() { GroupId = Work.Group, Members = [new() { MemberId = _id }] };
        Work.Require((await AskAsync(request)).ErrorCode, ApiKey.LeaveGroup);
    }

    /// <inheritdoc/>
    protected override async Task BeMemberAsync()
    {
        await JoinAsync();
        while (!Leaves)
        {
            await Task.Delay(Work.Heartbeat);
            await BeatAsync();
        }
    }

    private async Task BeatAsync()
    {
        HeartbeatRequest request = new()
        {
            GroupId = Work.Group,
            GenerationId = _generation,
            MemberId = _id,
        };
        ErrorCode error = (await AskAsync(request)).ErrorCode;
        if (error is ErrorCode.RebalanceInProgress or ErrorCode.IllegalGeneration)
        {
            await JoinAsync();
        }
        else
        {
            Work.Require(error, ApiKey.Heartbeat);
        }
    }

    private async Task JoinAsync()
    {
        while (true)
        {
            JoinGroupResponse joined = await AskAsync(
                new JoinGroupRequest
                {
                    GroupId = Work.Group,
                    SessionTimeoutMs = (int)Work.Session.TotalMilliseconds,
                    RebalanceTimeoutMs = (int)Work.Session.TotalMilliseconds,
                    MemberId = _id,
                    ProtocolType = "consumer",
                    Protocols = [new() { Name = Assignor, Metadata = Subscription }],
                }
            );
            _id = joined.MemberId;
            if (joined.ErrorCode == ErrorCode.MemberIdRequired)
            {
                continue;
            }

            Work.Require(joined.ErrorCode, ApiKey.JoinGroup);
            _generation = joined.GenerationId;
            SyncGroupResponse synced = await AskAsync(
                new SyncGroupRequest
                {
                    GroupId = Work.Group,
                    GenerationId = _generation,
                    MemberId = _id,
                    ProtocolType = "consumer",
                    ProtocolName = Assignor,
                    Assignments = joined.Leader == _id ? [.. Deal(joined)] : [],
                }
            );
            if (synced.ErrorCode == ErrorCode.None)
            {
                Own(_generation, Count(synced));
                await SpreadAsync();
                return;
            }

            if (synced.ErrorCode is not (ErrorCode.RebalanceInProgress or ErrorCode.IllegalGeneration))
            {
                Work.Require(synced.ErrorCode, ApiKey.SyncGroup);
            }
        }
    }

    private IEnumerable<SyncGroupRequest.SyncGroupAssignment> Deal(JoinGroupResponse joined) =>
        joined.Members.Select(
            (member, index) =>
                new SyncGroupRequest.SyncGroupAssignment
                {
                    MemberId = member.MemberId,
                    Assignment = ConsumerProtocol.Write(
                        new ConsumerProtocolAssignment
                        {
                            AssignedPartitions =
                            [
                                new()
                                {
                                    Topic = Work.Topic,
                                    Partitions =
                                    [
                                        .. Enumerable.Range(0, Work.Partitions).Where(each => each % joined.Members.Count == index),
                                    ],
                                },
                            ],
                        },
                        AssignmentVersion
                    ),
                }
        );

    private static int Count(SyncGroupResponse synced) =>
        ConsumerProtocol.TryReadAssignment(synced.Assignment)!.AssignedPartitions.Sum(static each => each.Partitions.Count);
}
