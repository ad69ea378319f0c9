using RaftLog.Broker.Cluster;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// InitProducerId (22), versions 0 to 4, for idempotent producers: a new id at epoch 0 (KIP-98). A transactional id needs a transaction coordinator,
/// which this release does not have; an id that is given back without one is answered with a new id, as Kafka does (KIP-360).
/// </summary>
internal sealed class InitProducerIdHandler(ProducerIdBlock block) : IRequestHandler<InitProducerIdRequest, InitProducerIdResponse>
{
    private static readonly ProducerEpoch FirstEpoch = new(0);

    public async ValueTask<InitProducerIdResponse?> HandleAsync(InitProducerIdRequest request, RequestContext context)
    {
        if (request.ProducerId.IsPresent != request.ProducerEpoch.Value >= 0)
        {
            return Refused(ErrorCode.InvalidRequest);
        }

        if (request.TransactionalId is { } transactional)
        {
            return Refused(transactional.Length == 0 ? ErrorCode.InvalidRequest : ErrorCode.CoordinatorNotAvailable);
        }

        (ProducerId id, ErrorCode error) = await block.TakeAsync();
        return error == ErrorCode.None ? new InitProducerIdResponse { ProducerId = id, ProducerEpoch = FirstEpoch } : Refused(error);
    }

    private static InitProducerIdResponse Refused(ErrorCode error) => new() { ErrorCode = error, ProducerEpoch = ProducerEpoch.None };
}
