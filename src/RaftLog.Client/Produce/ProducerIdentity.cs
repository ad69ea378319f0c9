using RaftLog.Client.Connections;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>
/// The producer id and epoch under which batches are numbered (KIP-98); the epoch is raised where the numbering has a hole (KIP-360).
/// </summary>
internal sealed class ProducerIdentity(ClusterCalls calls)
{
    /// <summary>Id and epoch, or none before the first call.</summary>
    public ProducerStamp Current { get; private set; } = ProducerStamp.None;

    /// <summary>Asks for an id, or for the next epoch of the one there is.</summary>
    /// <exception cref="KafkaException">The cluster rejected, or cannot be reached.</exception>
    public async ValueTask RenewAsync(CallDeadline deadline)
    {
        InitProducerIdRequest request = new()
        {
            TransactionalId = null,
            TransactionTimeoutMs = int.MaxValue,
            ProducerId = Current.Id,
            ProducerEpoch = Current.Epoch,
        };
        InitProducerIdResponse response = await calls.CallAnyAsync(request, static r => r.ErrorCode, deadline);
        if (response.ErrorCode is ErrorCode.InvalidProducerEpoch or ErrorCode.ProducerFenced && Current.Id.IsPresent)
        {
            // Nobody remembers this id any more: begin with a new one.
            Current = ProducerStamp.None;
            await RenewAsync(deadline);
            return;
        }

        if (response.ErrorCode != ErrorCode.None)
        {
            throw new KafkaException(response.ErrorCode, "the cluster gave the producer no id");
        }

        Current = new ProducerStamp(response.ProducerId, response.ProducerEpoch, ProducerStamp.NoSequence);
    }
}
