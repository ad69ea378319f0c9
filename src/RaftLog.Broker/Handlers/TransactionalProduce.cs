using RaftLog.Broker.Coordination.Transactions;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;
using RaftLog.Replication;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// What comes before the append of transactional batches: the first one of a transaction in a partition waits until the transaction's
/// coordinator has said that the partition is in it (KIP-890).
/// </summary>
internal sealed partial class TransactionalProduce(TransactionVerifier verifier, ProducerTurns turns)
{
    private const short FirstWithTransactionAbortable = 11;
    private const short FirstAddedByBroker = 12;

    /// <summary>
    /// Begins what must be verified. Null when nothing has to wait: then the batches may be appended at once. Else the appends wait for
    /// <see cref="VerifyAsync"/>, and the result is disposed after them.
    /// </summary>
    public ProducerTurn? Begin(ProduceRequest request, RequestContext context, List<ProduceSlot> slots)
    {
        ProducerId producer = ProducerId.None;
        foreach (ProduceSlot slot in slots)
        {
            if (!slot.IsOpen || !slot.IsTransactional)
            {
                continue;
            }

            if (request.TransactionalId is null)
            {
                slot.Reject(ErrorCode.TransactionalIdAuthorizationFailed, "A transactional batch needs a transactional id.");
            }
            else if (producer.IsPresent && producer != slot.Producer.Id)
            {
                slot.Reject(ErrorCode.InvalidProducerIdMapping, "All transactional batches of a request must come from one producer.");
            }
            else
            {
                producer = slot.Producer.Id;
            }
        }

        if (!producer.IsPresent)
        {
            return null;
        }

        bool mustWait = turns.IsTaken(producer);
        if (!mustWait)
        {
            BeginVerifications(context, slots);
            mustWait = slots.Any(static slot => slot.Verification is not null);
        }

        return mustWait ? turns.Take(producer) : null;
    }

    /// <summary>Waits for the producer's turn, and for its coordinator; what is not in the transaction is rejected.</summary>
    public async ValueTask VerifyAsync(ProducerTurn turn, ProduceRequest request, RequestContext context, List<ProduceSlot> slots)
    {
        await turn.Begins;
        if (!slots.Any(static slot => slot.Verification is not null))
        {
            BeginVerifications(context, slots);
        }

        List<ProduceSlot> unverified = [.. slots.Where(static slot => slot.Verification is not null)];
        SeededBugSkipsVerification(unverified);
        if (unverified.Count == 0)
        {
            return;
        }

        Dictionary<TopicPartition, ErrorCode> failures = await verifier.FailuresAsync(
            request.TransactionalId!,
            turn.Producer,
            unverified[0].Verification!.Epoch,
            [.. unverified.Select(static slot => slot.Partition!.Name)],
            Client(context.Version)
        );
        foreach (ProduceSlot slot in unverified)
        {
            if (failures.TryGetValue(slot.Partition!.Name, out ErrorCode error))
            {
                Reject(slot, error, request.TransactionalId!);
            }
        }
    }

    static partial void SeededBugSkipsVerification(List<ProduceSlot> unverified);

    /// <summary>Ends what was begun, after the appends.</summary>
    public static void End(List<ProduceSlot> slots)
    {
        foreach (ProduceSlot slot in slots)
        {
            if (slot.Verification is { } verification)
            {
                slot.Partition!.EndVerification(verification);
            }
        }
    }

    private static void BeginVerifications(RequestContext context, List<ProduceSlot> slots)
    {
        bool startsAtZero = Client(context.Version) == ClientTransactions.AddedByBroker;
        foreach (ProduceSlot slot in slots)
        {
            // Who does not lead has nothing to verify: the append is rejected.
            if (slot is { IsOpen: true, IsTransactional: true, Partition.Role: PartitionLeaderRole })
            {
                slot.Verification = slot.Partition.BeginVerification(slot.Producer, startsAtZero);
            }
        }
    }

    private static ClientTransactions Client(short version) =>
        version >= FirstAddedByBroker ? ClientTransactions.AddedByBroker
        : version >= FirstWithTransactionAbortable ? ClientTransactions.AddedByClient
        : ClientTransactions.Old;

    // What old clients do not repeat correctly becomes NOT_ENOUGH_REPLICAS: they repeat the request, without looking for another leader.
    private static void Reject(ProduceSlot slot, ErrorCode error, string transactionalId)
    {
        if (
            error
            is ErrorCode.ConcurrentTransactions
                or ErrorCode.NetworkException
                or ErrorCode.CoordinatorLoadInProgress
                or ErrorCode.CoordinatorNotAvailable
                or ErrorCode.NotCoordinator
        )
        {
            slot.Reject(
                ErrorCode.NotEnoughReplicas,
                $"whether the partition is in the transaction of {transactionalId} could not be verified: {error}"
            );
        }
        else
        {
            slot.Reject(
                error,
                error is ErrorCode.InvalidTxnState or ErrorCode.TransactionAbortable
                    ? $"the partition is not in the transaction of {transactionalId}: it was not added"
                    : null
            );
        }
    }
}
