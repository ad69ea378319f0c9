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
    private bool _hasEnded;

    /// <summary>Id and epoch, or none before the first call.</summary>
    public ProducerStamp Current { get; private set; } = ProducerStamp.None;

    /// <summary>Nothing more may be numbered under this epoch.</summary>
    public void EndEpoch() => Volatile.Write(ref _hasEnded, true);

    /// <summary>True where batches of these queues cannot be numbered under what there is.</summary>
    public bool MustBeRenewedFor(List<PartitionQueue> queues)
    {
        if (queues.Count == 0)
        {
            return false;
        }

        ProducerStamp current = Current;
        if (!current.Id.IsPresent || Volatile.Read(ref _hasEnded))
        {
            return true;
        }

        foreach (PartitionQueue queue in queues)
        {
            if (queue.NeedsEpochAfter(current))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Asks for an id, or for the next epoch of the one there is.</summary>
    /// <exception cref="KafkaException">The cluster rejected, or cannot be reached.</exception>
    public async ValueTask RenewAsync(CallDeadline deadline)
    {
        Volatile.Write(ref _hasEnded, false);
        try
        {
            await InitAsync(deadline);
        }
        catch (KafkaException)
        {
            Volatile.Write(ref _hasEnded, Current.Id.IsPresent);
            throw;
        }
    }

    private async ValueTask InitAsync(CallDeadline deadline)
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
            await InitAsync(deadline);
            return;
        }

        if (response.ErrorCode != ErrorCode.None)
        {
            throw new KafkaException(response.ErrorCode, "the cluster gave the producer no id");
        }

        Current = new ProducerStamp(response.ProducerId, response.ProducerEpoch, ProducerStamp.NoSequence);
    }
}
