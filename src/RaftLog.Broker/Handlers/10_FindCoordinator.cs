using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// FindCoordinator (10), versions 0 to 4. Groups and transactions have no coordinators in this release; the API is served because librdkafka takes
/// it as the sign that lz4 may be used. Every key is answered with COORDINATOR_NOT_AVAILABLE and a message that says so.
/// </summary>
internal sealed class FindCoordinatorHandler : IRequestHandler<FindCoordinatorRequest, FindCoordinatorResponse>
{
    private const short FirstWithManyKeys = 4;
    private const string Reason = "Consumer groups and transactions are not built into this release of RaftLog; assign partitions by hand.";

    public ValueTask<FindCoordinatorResponse?> HandleAsync(FindCoordinatorRequest request, RequestContext context)
    {
        FindCoordinatorResponse response = new();
        if (context.Version < FirstWithManyKeys)
        {
            response.ErrorCode = ErrorCode.CoordinatorNotAvailable;
            response.ErrorMessage = Reason;
            response.NodeId = NodeId.None;
            response.Port = -1;
            return ValueTask.FromResult<FindCoordinatorResponse?>(response);
        }

        foreach (string key in request.CoordinatorKeys)
        {
            response.Coordinators.Add(new()
            {
                Key = key,
                NodeId = NodeId.None,
                Port = -1,
                ErrorCode = ErrorCode.CoordinatorNotAvailable,
                ErrorMessage = Reason,
            });
        }

        return ValueTask.FromResult<FindCoordinatorResponse?>(response);
    }
}
