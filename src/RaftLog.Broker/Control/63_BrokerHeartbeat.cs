using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Control;

/// <summary>
/// BrokerHeartbeat (63), versions 0 to 2. The connection that carries a broker's heartbeats is evidence of its life: when it ends, the
/// controller asks whether anybody still listens at the broker's address, instead of waiting for its session to run out.
/// </summary>
internal sealed class BrokerHeartbeatHandler(ActiveController active) : IRequestHandler<BrokerHeartbeatRequest, BrokerHeartbeatResponse>
{
    public async ValueTask<BrokerHeartbeatResponse?> HandleAsync(BrokerHeartbeatRequest request, RequestContext context)
    {
        BrokerHeartbeatResponse response = await active.DecideAsync(
            (controller, nextOffset, nowMs) => controller.Heartbeat(request, nextOffset, nowMs),
            error => ErrorResponses.Of(request, error)
        );
        if (response.ErrorCode == ErrorCode.None)
        {
            context.Connection.WhenEnded(this, () => active.ConnectionLost(request.BrokerId, request.BrokerEpoch));
        }

        return response;
    }
}
