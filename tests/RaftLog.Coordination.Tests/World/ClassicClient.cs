using RaftLog.Protocol;
using RaftLog.Protocol.Groups;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Coordination.Tests.World;

/// <summary>A consumer of a classic group, request by request.</summary>
internal sealed class ClassicClient(Shard shard, string groupId, string? instanceId = null, short version = 9)
{
    public string MemberId { get; set; } = "";

    public int Generation { get; set; } = -1;

    public int SessionTimeoutMs { get; set; } = 10_000;

    public int RebalanceTimeoutMs { get; set; } = 60_000;

    public string[] Topics { get; set; } = ["t"];

    public string[] Protocols { get; set; } = ["range"];

    public string ProtocolType { get; set; } = "consumer";

    /// <summary>The partitions of topic t that it says it owns when it joins.</summary>
    public int[] Owned { get; set; } = [];

    /// <summary>Sends JoinGroup; a member id that is required is taken and used at once.</summary>
    public long Join()
    {
        long token = SendJoin();
        if (shard.HasResponse(token) && shard.Response<JoinGroupResponse>(token) is { ErrorCode: ErrorCode.MemberIdRequired } response)
        {
            MemberId = response.MemberId;
            token = SendJoin();
        }

        return token;
    }

    public long SendJoin() =>
        shard.Send<JoinGroupRequest>(
            shard.State.JoinGroup,
            version,
            new JoinGroupRequest
            {
                GroupId = groupId,
                MemberId = MemberId,
                GroupInstanceId = instanceId,
                SessionTimeoutMs = SessionTimeoutMs,
                RebalanceTimeoutMs = RebalanceTimeoutMs,
                ProtocolType = ProtocolType,
                Protocols =
                [
                    .. Protocols.Select(name => new JoinGroupRequest.JoinGroupProtocol { Name = name, Metadata = Subscription() }),
                ],
            }
        );

    /// <summary>Takes the response to a JoinGroup.</summary>
    public JoinGroupResponse Joined(long token)
    {
        JoinGroupResponse response = shard.Response<JoinGroupResponse>(token);
        if (response.ErrorCode == ErrorCode.None)
        {
            MemberId = response.MemberId;
            Generation = response.GenerationId;
        }

        return response;
    }

    public long Sync(params (string MemberId, byte[] Work)[] assignments) =>
        shard.Send<SyncGroupRequest>(
            shard.State.SyncGroup,
            5,
            new SyncGroupRequest
            {
                GroupId = groupId,
                MemberId = MemberId,
                GroupInstanceId = instanceId,
                GenerationId = Generation,
                ProtocolType = ProtocolType,
                ProtocolName = Protocols[0],
                Assignments =
                [
                    .. assignments.Select(each => new SyncGroupRequest.SyncGroupAssignment
                    {
                        MemberId = each.MemberId,
                        Assignment = each.Work,
                    }),
                ],
            }
        );

    public ErrorCode Heartbeat() =>
        shard
            .Ask<HeartbeatRequest, HeartbeatResponse>(
                shard.State.Heartbeat,
                4,
                new HeartbeatRequest
                {
                    GroupId = groupId,
                    MemberId = MemberId,
                    GroupInstanceId = instanceId,
                    GenerationId = Generation,
                }
            )
            .ErrorCode;

    public LeaveGroupResponse Leave() =>
        shard.Ask<LeaveGroupRequest, LeaveGroupResponse>(
            shard.State.LeaveGroup,
            5,
            new LeaveGroupRequest
            {
                GroupId = groupId,
                Members = [new LeaveGroupRequest.MemberIdentity { MemberId = MemberId, GroupInstanceId = instanceId }],
            }
        );

    public ErrorCode Commit(string topic, int partition, long offset, short commitVersion = 9) =>
        shard.Commit(groupId, topic, partition, offset, MemberId, Generation, instanceId, commitVersion);

    /// <summary>Joins, asks for its work, and owns it: in a consumer group both are answered at once.</summary>
    public JoinGroupResponse JoinAndSync()
    {
        JoinGroupResponse joined = Joined(Join());
        SyncGroupResponse synced = shard.Response<SyncGroupResponse>(Sync());
        Assert.Equal(ErrorCode.None, synced.ErrorCode);
        ConsumerProtocolAssignment? assignment = ConsumerProtocol.TryReadAssignment(synced.Assignment);
        Assert.NotNull(assignment);
        Owned = [.. assignment.AssignedPartitions.SelectMany(topic => topic.Partitions)];
        return joined;
    }

    /// <summary>Some partitions of topic t as work.</summary>
    public static byte[] Work(params int[] partitions) =>
        ConsumerProtocol.Write(
            new ConsumerProtocolAssignment { AssignedPartitions = [new() { Topic = "t", Partitions = [.. partitions] }] },
            version: 3
        );

    private byte[] Subscription()
    {
        WireWriter writer = new();
        writer.WriteInt16(3);
        new ConsumerProtocolSubscription
        {
            Topics = [.. Topics],
            OwnedPartitions =
                Owned.Length == 0 ? [] : [new ConsumerProtocolSubscription.OwnedTopicPartitions { Topic = "t", Partitions = [.. Owned] }],
        }.Write(writer, 3);
        return writer.ToArray();
    }
}
