using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// ConsumerGroupHeartbeat (68), versions 0 and 1: joins a consumer group, keeps the member alive, and brings it its assignment (KIP-848).
/// </summary>
internal sealed class ConsumerGroupHeartbeatHandler(GroupCoordinator groups, Func<bool> isServed)
    : IRequestHandler<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>
{
    public async ValueTask<ConsumerGroupHeartbeatResponse?> HandleAsync(ConsumerGroupHeartbeatRequest request, RequestContext context) =>
        !isServed()
            ? new() { ErrorCode = ErrorCode.UnsupportedVersion }
            : await groups.CallAsync(
                request.GroupId,
                context,
                mayWrite: true,
                (state, in caller, now, outbox) => state.ConsumerGroupHeartbeat(caller, request, now, outbox),
                error => new ConsumerGroupHeartbeatResponse { ErrorCode = error }
            );
}
