using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// SyncGroup (14), versions 0 to 5: gives a member its assignment; the response waits for the leader's, and for its commit.
/// </summary>
internal sealed class SyncGroupHandler(GroupCoordinator groups) : IRequestHandler<SyncGroupRequest, SyncGroupResponse>
{
    public async ValueTask<SyncGroupResponse?> HandleAsync(SyncGroupRequest request, RequestContext context)
    {
        // The group decides on another thread, when the frame's bytes may be another request's.
        request.Assignments.ForEach(each => each.Assignment = each.Assignment.ToArray());
        return await groups.CallWithIdAsync(
            request.GroupId,
            context,
            mayWrite: true,
            (state, in caller, now, outbox) => state.SyncGroup(caller, request, now, outbox),
            error => new SyncGroupResponse { ErrorCode = error }
        );
    }
}
