using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>LeaveGroup (13), versions 0 to 5: takes members out of a group, from version 3 on several at once (KIP-345).</summary>
internal sealed class LeaveGroupHandler(GroupCoordinator groups) : IRequestHandler<LeaveGroupRequest, LeaveGroupResponse>
{
    public async ValueTask<LeaveGroupResponse?> HandleAsync(LeaveGroupRequest request, RequestContext context) =>
        await groups.CallWithIdAsync(
            request.GroupId,
            context,
            mayWrite: true,
            (state, in caller, now, outbox) => state.LeaveGroup(caller, request, now, outbox),
            error => new LeaveGroupResponse { ErrorCode = error }
        );
}
