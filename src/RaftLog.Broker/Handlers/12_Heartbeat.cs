using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>Heartbeat (12), versions 0 to 4: keeps a member of a classic group alive, and tells it when it must join again.</summary>
internal sealed class HeartbeatHandler(GroupCoordinator groups) : IRequestHandler<HeartbeatRequest, HeartbeatResponse>
{
    public async ValueTask<HeartbeatResponse?> HandleAsync(HeartbeatRequest request, RequestContext context) =>
        await groups.CallWithIdAsync(
            request.GroupId,
            context,
            mayWrite: false,
            (state, in caller, now, outbox) => state.Heartbeat(caller, request, now, outbox),
            error => new HeartbeatResponse { ErrorCode = Forgiven(error) }
        );

    // Sessions begin anew with the load, so a member need not worry meanwhile; Kafka answers the same.
    private static ErrorCode Forgiven(ErrorCode error) => error == ErrorCode.CoordinatorLoadInProgress ? ErrorCode.None : error;
}
