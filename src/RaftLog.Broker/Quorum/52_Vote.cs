using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Raft;

namespace RaftLog.Broker.Quorum;

/// <summary>Vote (52), versions 0 to 2 (KIP-595, KIP-853, KIP-996).</summary>
internal sealed class VoteHandler(QuorumNode quorum, string clusterId) : IRequestHandler<VoteRequest, VoteResponse>
{
    public async ValueTask<VoteResponse?> HandleAsync(VoteRequest request, RequestContext context)
    {
        if (request.ClusterId is { } asked && asked != clusterId)
        {
            return new VoteResponse { ErrorCode = ErrorCode.InconsistentClusterId };
        }

        if (QuorumWire.FromWire(request) is not { } vote)
        {
            return new VoteResponse { ErrorCode = ErrorCode.InvalidRequest };
        }

        return await quorum.VoteAsync(vote) is RaftVoteReply reply
            ? QuorumWire.ToWire(reply)
            : new VoteResponse { ErrorCode = ErrorCode.BrokerNotAvailable };
    }
}
