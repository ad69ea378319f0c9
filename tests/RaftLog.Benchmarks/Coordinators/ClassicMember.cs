using RaftLog.Protocol;
using RaftLog.Protocol.Groups;
using RaftLog.Protocol.Messages;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>A member of a classic group on a connection of its own. Whoever leads the group deals out the partitions in turn.</summary>
internal sealed class ClassicMember(WireClient wire, GroupWork work, int number, RebalanceWatch watch) : IGroupMember
{
    private const string Assignor = "in-turn";
    private const short AssignmentVersion = 0;
    private static readonly byte[] Subscription = [0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];

    private string _id = "";
    private int _generation = -1;
    private volatile bool _leaves;

    /// <inheritdoc/>
    public async Task RunAsync()
    {
        try
        {
            await BeMemberAsync();
        }
        catch (Exception) when (_leaves)
        {
            // A heartbeat that was under way when the member left, or the connection's end.
        }
        catch (Exception e)
        {
            watch.Fail(e);
        }
    }

    /// <inheritdoc/>
    public async Task LeaveAsync()
    {
        _leaves = true;
        watch.Leave(number);
        LeaveGroupRequest request = new() { GroupId = work.Group, Members = [new() { MemberId = _id }] };
        work.Require((await wire.AskAsync(request)).ErrorCode, ApiKey.LeaveGroup);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _leaves = true;
        wire.Dispose();
    }

    private async Task BeMemberAsync()
    {
        await JoinAsync();
        while (!_leaves)
        {
            await Task.Delay(work.Heartbeat);
            await BeatAsync();
        }
    }

    private async Task BeatAsync()
    {
        HeartbeatRequest request = new()
        {
            GroupId = work.Group,
            GenerationId = _generation,
            MemberId = _id,
        };
        ErrorCode error = (await wire.AskAsync(request)).ErrorCode;
        if (error is ErrorCode.RebalanceInProgress or ErrorCode.IllegalGeneration)
        {
            await JoinAsync();
        }
        else
        {
            work.Require(error, ApiKey.Heartbeat);
        }
    }

    private async Task JoinAsync()
    {
        while (true)
        {
            JoinGroupResponse joined = await wire.AskAsync(
                new JoinGroupRequest
                {
                    GroupId = work.Group,
                    SessionTimeoutMs = (int)work.Session.TotalMilliseconds,
                    RebalanceTimeoutMs = (int)work.Session.TotalMilliseconds,
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

            work.Require(joined.ErrorCode, ApiKey.JoinGroup);
            _generation = joined.GenerationId;
            SyncGroupResponse synced = await wire.AskAsync(
                new SyncGroupRequest
                {
                    GroupId = work.Group,
                    GenerationId = _generation,
                    MemberId = _id,
                    ProtocolType = "consumer",
                    ProtocolName = Assignor,
                    Assignments = joined.Leader == _id ? [.. Deal(joined)] : [],
                }
            );
            if (synced.ErrorCode == ErrorCode.None)
            {
                watch.Own(number, _generation, Count(synced));
                await Task.Delay(work.PhaseOf(number));
                return;
            }

            if (synced.ErrorCode is not (ErrorCode.RebalanceInProgress or ErrorCode.IllegalGeneration))
            {
                work.Require(synced.ErrorCode, ApiKey.SyncGroup);
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
                                    Topic = work.Topic,
                                    Partitions =
                                    [
                                        .. Enumerable.Range(0, work.Partitions).Where(each => each % joined.Members.Count == index),
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
