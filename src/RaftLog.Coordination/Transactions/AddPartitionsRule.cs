using RaftLog.Protocol;

namespace RaftLog.Coordination.Transactions;

/// <summary>How partitions come into a transaction, and whether they are in it (KIP-98, KIP-890).</summary>
internal static class AddPartitionsRule
{
    /// <summary>Decides whether a producer may add partitions, which begins its transaction where none is open.</summary>
    public static Decision Add(
        TransactionEntry entry,
        ProducerId producer,
        ProducerEpoch epoch,
        IReadOnlyCollection<TopicPartition> partitions,
        short clientVersion,
        long nowMs
    )
    {
        Transaction now = entry.Durable;

        // First of all: under a prepared transaction the producer may already have the producer id that comes next.
        if (now.Status.IsPrepared())
        {
            return Decision.Rejected(ErrorCode.ConcurrentTransactions);
        }

        if (CheckProducer(now, producer, epoch) is var error && error != ErrorCode.None)
        {
            return Decision.Rejected(error);
        }

        if (now.Status == TransactionStatus.Ongoing && now.Partitions.IsSupersetOf(partitions))
        {
            return Decision.Done;
        }

        Transaction next = now with
        {
            Status = TransactionStatus.Ongoing,
            Partitions = now.Partitions.Union(partitions),
            StartMs = now.Status == TransactionStatus.Ongoing ? now.StartMs : nowMs,
            LastUpdateMs = nowMs,
            ClientVersion = clientVersion,
        };
        return new Decision(ErrorCode.None, next) { LastEpoch = entry.LastEpoch };
    }

    /// <summary>Whether a producer has a transaction in which partitions can be looked for; changes nothing.</summary>
    public static ErrorCode Verify(Transaction now, ProducerId producer, ProducerEpoch epoch) =>
        CheckProducer(now, producer, epoch) is var error && error != ErrorCode.None ? error
        : now.Status.IsPrepared() ? ErrorCode.ConcurrentTransactions
        : ErrorCode.None;

    private static ErrorCode CheckProducer(Transaction now, ProducerId producer, ProducerEpoch epoch) =>
        now.Producer != producer ? ErrorCode.InvalidProducerIdMapping
        : now.Epoch != epoch ? ErrorCode.ProducerFenced
        : ErrorCode.None;
}
