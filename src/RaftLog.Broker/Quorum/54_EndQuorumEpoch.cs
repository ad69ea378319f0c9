using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Raft;

namespace RaftLog.Broker.Quorum;

/// <summary>EndQuorumEpoch (54), versions 0 to 1 (KIP-595).</summary>
internal sealed class EndQuorumEpochHandler(QuorumNode quorum, string clusterId)
    : IRequestHandler<EndQuorumEpochRequest, EndQuorumEpochResponse>
{
    public async ValueTask<EndQuorumEpochResponse?> HandleAsync(EndQuorumEpochRequest request, RequestContext context)
    {
        if (request.ClusterId is { } asked && asked != clusterId)
        {
            return new EndQuorumEpochResponse { ErrorCode = ErrorCode.InconsistentClusterId };
        }

        if (QuorumWire.FromWire(request) is not { } end)
        {
            return new EndQuorumEpochResponse { ErrorCode = ErrorCode.InvalidRequest };
        }

        return await quorum.EndEpochAsync(end) is RaftEpochReply reply
            ? QuorumWire.ToEndResponse(reply)
            : new EndQuorumEpochResponse { ErrorCode = ErrorCode.BrokerNotAvailable };
    }
}
