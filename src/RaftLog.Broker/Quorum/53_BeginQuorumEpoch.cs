using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Raft;

namespace RaftLog.Broker.Quorum;

/// <summary>BeginQuorumEpoch (53), versions 0 to 1 (KIP-595).</summary>
internal sealed class BeginQuorumEpochHandler(QuorumNode quorum, string clusterId)
    : IRequestHandler<BeginQuorumEpochRequest, BeginQuorumEpochResponse>
{
    public async ValueTask<BeginQuorumEpochResponse?> HandleAsync(BeginQuorumEpochRequest request, RequestContext context)
    {
        if (request.ClusterId is { } asked && asked != clusterId)
        {
            return new BeginQuorumEpochResponse { ErrorCode = ErrorCode.InconsistentClusterId };
        }

        if (QuorumWire.FromWire(request) is not { } begin)
        {
            return new BeginQuorumEpochResponse { ErrorCode = ErrorCode.InvalidRequest };
        }

        return await quorum.BeginEpochAsync(begin) is RaftEpochReply reply
            ? QuorumWire.ToBeginResponse(reply)
            : new BeginQuorumEpochResponse { ErrorCode = ErrorCode.BrokerNotAvailable };
    }
}
