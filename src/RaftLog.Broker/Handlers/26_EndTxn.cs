using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// EndTxn (26), versions 0 to 5: commits or aborts a transaction (KIP-98). The response comes when the decision is committed; its markers
/// follow. Version 5 is transactions V2: the response tells the epoch to go on with (KIP-890).
/// </summary>
internal sealed class EndTxnHandler(CoordinatorShards<TransactionCoordinatorState> shards) : IRequestHandler<EndTxnRequest, EndTxnResponse>
{
    private const short FirstWithProducerFenced = 2;
    private const short FirstOfTransactionsV2 = 5;

    public async ValueTask<EndTxnResponse?> HandleAsync(EndTxnRequest request, RequestContext context)
    {
        short clientVersion = context.Version >= FirstOfTransactionsV2 ? Transaction.FirstVersionWithEpochPerTransaction : (short)0;
        EndTxnResponse response = await shards.CallAsync(
            request.TransactionalId,
            mayWrite: true,
            (state, token, now, outbox) => state.EndTransaction(token, request, clientVersion, now, outbox),
            error => new EndTxnResponse { ErrorCode = error }
        );
        if (response.ErrorCode == ErrorCode.ProducerFenced && context.Version < FirstWithProducerFenced)
        {
            response.ErrorCode = ErrorCode.InvalidProducerEpoch;
        }

        return response;
    }
}
