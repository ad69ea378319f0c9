using RaftLog.Protocol;

namespace RaftLog.Coordination.Transactions;

/// <summary>How a transactional producer gets its id and epoch, and fences those before it (KIP-98, KIP-360).</summary>
internal static class InitProducerIdRule
{
    /// <summary>Decides for an id that exists, or that <see cref="Transaction.Epoch"/> none says to be new.</summary>
    /// <param name="entry">The id.</param>
    /// <param name="timeoutMs">The timeout asked for, in milliseconds.</param>
    /// <param name="expected">The producer id and epoch that the producer says to have; none for a new incarnation.</param>
    /// <param name="nowMs">Wall-clock milliseconds.</param>
    /// <param name="context">Where producer ids come from.</param>
    public static Decision Decide(
        TransactionEntry entry,
        int timeoutMs,
        (ProducerId Id, ProducerEpoch Epoch)? expected,
        long nowMs,
        ITransactionContext context
    )
    {
        Transaction now = entry.Durable;
        if (now.Status.IsPrepared())
        {
            return Decision.Rejected(ErrorCode.ConcurrentTransactions);
        }

        bool isRetry = expected is { } repeated && IsRetry(entry, repeated.Id, repeated.Epoch);
        if (expected is { } held && !isRetry && (held.Id != now.Producer || held.Epoch != now.Epoch) && now.Epoch != ProducerEpoch.None)
        {
            return Decision.Rejected(ErrorCode.ProducerFenced);
        }

        if (now.Status == TransactionStatus.Ongoing)
        {
            // The producer asks again and gets its epoch when the abort is complete.
            return isRetry ? Decision.Rejected(ErrorCode.ProducerFenced) : EndTransactionRule.Fence(now, nowMs, context);
        }

        Transaction empty = now with
        {
            Status = TransactionStatus.Empty,
            TimeoutMs = timeoutMs,
            Partitions = [],
            StartMs = Transaction.NoTime,
            LastUpdateMs = nowMs,
        };
        if (isRetry && !now.IsExhausted)
        {
            return new Decision(ErrorCode.None, empty) { LastEpoch = expected!.Value.Epoch };
        }

        ProducerEpoch lastEpoch = expected is null ? ProducerEpoch.None : now.Epoch;
        if (!now.IsExhausted)
        {
            return new Decision(ErrorCode.None, empty with { Epoch = Transaction.Above(now.Epoch) }) { LastEpoch = lastEpoch };
        }

        if (!context.TryTakeProducerId(out ProducerId fresh))
        {
            return Decision.Rejected(ErrorCode.CoordinatorLoadInProgress);
        }

        // Another incarnation leaves no trace of the id before: then a retry of the fenced one is told from a retry of the new one after a
        // failover too.
        Transaction rotated = empty with
        {
            Producer = fresh,
            Epoch = new ProducerEpoch(0),
            PreviousProducer = expected is null ? ProducerId.None : now.Producer,
        };
        return new Decision(ErrorCode.None, rotated) { LastEpoch = lastEpoch };
    }

    private static bool IsRetry(TransactionEntry entry, ProducerId id, ProducerEpoch epoch)
    {
        Transaction now = entry.Durable;
        bool isRaised = id == now.Producer && epoch == entry.LastEpoch && epoch != now.Epoch;
        bool isRotated = id == now.PreviousProducer && id.IsPresent && Transaction.IsLast(epoch) && now.Epoch.Value == 0;
        return isRaised || isRotated;
    }
}
