using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups.Classic;

/// <summary>Makes the responses of classic groups.</summary>
internal static class ClassicResponses
{
    /// <summary>The first version of JoinGroup that can say that there is no protocol.</summary>
    private const short NullableProtocolName = 7;

    public static JoinGroupResponse JoinError(short version, string memberId, ErrorCode error) =>
        new()
        {
            ErrorCode = error,
            MemberId = memberId,
            ProtocolName = version >= NullableProtocolName ? null : "",
        };

    /// <summary>The current generation as a member is told it; its leader is told all members.</summary>
    public static JoinGroupResponse Joined(ClassicGroup group, ClassicMember member) =>
        Joined(group, member, group.LeaderId ?? "", group.IsLeader(member.Id) ? Members(group) : []);

    public static JoinGroupResponse Joined(
        ClassicGroup group,
        ClassicMember member,
        string leaderId,
        List<JoinGroupResponse.JoinGroupMember> members
    ) =>
        new()
        {
            GenerationId = group.Generation,
            ProtocolType = group.ProtocolType,
            ProtocolName = group.Protocol ?? "",
            Leader = leaderId,
            MemberId = member.Id,
            Members = members,
        };

    public static List<JoinGroupResponse.JoinGroupMember> Members(ClassicGroup group) =>
        [
            .. group.Members.Values.Select(member => new JoinGroupResponse.JoinGroupMember
            {
                MemberId = member.Id,
                GroupInstanceId = member.InstanceId,
                Metadata = MessageBytes.Of(member.MetadataFor(group.Protocol)),
            }),
        ];

    public static SyncGroupResponse SyncError(ErrorCode error) => new() { ErrorCode = error };

    public static SyncGroupResponse Synced(ClassicGroup group, ClassicMember member) =>
        new()
        {
            ProtocolType = group.ProtocolType,
            ProtocolName = group.Protocol,
            Assignment = MessageBytes.Of(member.Assignment),
        };
}
