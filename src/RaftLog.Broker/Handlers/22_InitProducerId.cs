using RaftLog.Broker.Cluster;
using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// InitProducerId (22), versions 0 to 6, of which 6 is for two-phase commit, which is not built. An idempotent producer gets a new id at
/// epoch 0 (KIP-98), also when it gives an id back without a transactional one, as
/// Kafka does (KIP-360). A transactional producer gets what its coordinator decides.
/// </summary>
internal sealed class InitProducerIdHandler(ProducerIdBlock block, CoordinatorShards<TransactionCoordinatorState> shards)
    : IRequestHandler<InitProducerIdRequest, InitProducerIdResponse>
{
    private const short FirstWithProducerFenced = 4;
    private static readonly ProducerEpoch FirstEpoch = new(0);

    public async ValueTask<InitProducerIdResponse?> HandleAsync(InitProducerIdRequest request, RequestContext context)
    {
        bool hasId = request.ProducerId != ProducerId.None;
        bool hasEpoch = request.ProducerEpoch != ProducerEpoch.None;
        if (hasId != hasEpoch || request.TransactionalId is { Length: 0 })
        {
            return Rejected(ErrorCode.InvalidRequest);
        }

        if (request.Enable2Pc || request.KeepPreparedTxn)
        {
            return Rejected(request.Enable2Pc ? ErrorCode.TransactionalIdAuthorizationFailed : ErrorCode.UnsupportedVersion);
        }

        if (request.TransactionalId is null)
        {
            (ProducerId id, ErrorCode error) = await block.TakeAsync();
            return error == ErrorCode.None ? new InitProducerIdResponse { ProducerId = id, ProducerEpoch = FirstEpoch } : Rejected(error);
        }

        // The coordinator cannot wait for an id. Without one it still serves those who need none.
        await block.FillAsync();
        InitProducerIdResponse response = await shards.CallAsync(
            request.TransactionalId,
            mayWrite: true,
            (state, token, now, outbox) => state.InitProducerId(token, request, now, outbox),
            Rejected
        );
        if (response.ErrorCode == ErrorCode.ProducerFenced && context.Version < FirstWithProducerFenced)
        {
            response.ErrorCode = ErrorCode.InvalidProducerEpoch;
        }

        return response;
    }

    private static InitProducerIdResponse Rejected(ErrorCode error) => new() { ErrorCode = error, ProducerEpoch = ProducerEpoch.None };
}
