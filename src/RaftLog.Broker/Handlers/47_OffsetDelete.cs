using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>OffsetDelete (47), version 0: deletes committed positions of topics that the group is not subscribed to (KIP-496).</summary>
internal sealed class OffsetDeleteHandler(GroupCoordinator groups) : IRequestHandler<OffsetDeleteRequest, OffsetDeleteResponse>
{
    public async ValueTask<OffsetDeleteResponse?> HandleAsync(OffsetDeleteRequest request, RequestContext context) =>
        await groups.CallWithIdAsync(
            request.GroupId,
            context,
            mayWrite: true,
            (state, in caller, now, outbox) => state.OffsetDelete(caller, request, now, outbox),
            error => new OffsetDeleteResponse { ErrorCode = error }
        );
}
