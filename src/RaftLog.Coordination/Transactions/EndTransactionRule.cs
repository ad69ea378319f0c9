using RaftLog.Protocol;

namespace RaftLog.Coordination.Transactions;

/// <summary>How transactions are decided: by their producer, by their timeout or by another incarnation (KIP-98, KIP-890).</summary>
internal static partial class EndTransactionRule
{
    /// <summary>Decides for a producer of transactions V1: its epoch stays.</summary>
    public static Decision EndV1(TransactionEntry entry, ProducerId producer, ProducerEpoch epoch, bool commit, long nowMs)
    {
        Transaction now = entry.Durable;
        if (now.Producer != producer)
        {
            return Decision.Rejected(ErrorCode.InvalidProducerIdMapping);
        }

        if (now.Epoch != epoch)
        {
            return Decision.Rejected(ErrorCode.ProducerFenced);
        }

        return now.Status switch
        {
            TransactionStatus.Ongoing => new Decision(ErrorCode.None, Prepared(now, commit, nowMs) with { ClientVersion = 0 })
            {
                LastEpoch = entry.LastEpoch,
            },
            TransactionStatus.PrepareCommit or TransactionStatus.PrepareAbort => Decision.Rejected(
                commit == (now.Status == TransactionStatus.PrepareCommit) ? ErrorCode.ConcurrentTransactions : ErrorCode.InvalidTxnState
            ),
            TransactionStatus.CompleteCommit when commit => Decision.Done,
            TransactionStatus.CompleteAbort when !commit => Decision.Done,
            _ => Decision.Rejected(ErrorCode.InvalidTxnState),
        };
    }

    /// <summary>
    /// Decides for a producer of transactions V2: each decision raises the epoch, or gives another producer id when the epochs are used up.
    /// A request with the epoch before is a retry; what it asked for is told again.
    /// </summary>
    public static Decision EndV2(
        TransactionEntry entry,
        ProducerId producer,
        ProducerEpoch epoch,
        bool commit,
        long nowMs,
        ITransactionContext context
    )
    {
        Transaction now = entry.Durable;
        if (now.Status.IsPrepared())
        {
            return Decision.Rejected(ErrorCode.ConcurrentTransactions);
        }

        bool rotated = now.PreviousProducer == producer && epoch.Value == Transaction.LastUsableEpoch && now.Epoch.Value == 0;
        if (now.Producer != producer && !rotated)
        {
            return Decision.Rejected(ErrorCode.InvalidProducerIdMapping);
        }

        bool isComplete = now.Status is TransactionStatus.CompleteCommit or TransactionStatus.CompleteAbort;
        bool isRetry = isComplete && (rotated || now.Epoch.Value == epoch.Value + 1);
        SeededBugTakesLateRequest(now, ref epoch);
        if (!isRetry && (now.Epoch != epoch || rotated))
        {
            return Decision.Rejected(ErrorCode.ProducerFenced);
        }

        if (isRetry)
        {
            return commit == (now.Status == TransactionStatus.CompleteCommit)
                ? Decision.Done
                : Decision.Rejected(entry.WasFenced ? ErrorCode.ProducerFenced : ErrorCode.InvalidTxnState);
        }

        if (commit && now.Status != TransactionStatus.Ongoing)
        {
            return Decision.Rejected(ErrorCode.InvalidTxnState);
        }

        return Raised(Prepared(now, commit, nowMs), now, context);
    }

    static partial void SeededBugTakesLateRequest(Transaction now, ref ProducerEpoch epoch);

    /// <summary>
    /// Aborts an open transaction and raises its producer's epoch, once in both versions (KAFKA-19367): its producer can do no more in it.
    /// </summary>
    public static Decision Fence(Transaction now, long nowMs, ITransactionContext context)
    {
        Transaction aborted = Prepared(now, commit: false, nowMs) with { ClientVersion = now.ClientVersion };
        Decision decision =
            now.ClientVersion >= Transaction.FirstVersionWithEpochPerTransaction
                ? Raised(aborted, now, context)
                : new Decision(ErrorCode.None, aborted with { Epoch = Transaction.Above(now.Epoch) });
        return decision with { IsFence = true, LastEpoch = ProducerEpoch.None };
    }

    /// <summary>The epoch goes up with the decision, and where it was the last one another producer id follows (KAFKA-20090).</summary>
    private static Decision Raised(Transaction prepared, Transaction before, ITransactionContext context)
    {
        ProducerId next = ProducerId.None;
        if (before.IsExhausted && !context.TryTakeProducerId(out next))
        {
            return Decision.Rejected(ErrorCode.CoordinatorLoadInProgress);
        }

        return new Decision(ErrorCode.None, prepared with { Epoch = Transaction.Above(before.Epoch), NextProducer = next })
        {
            LastEpoch = before.Epoch,
        };
    }

    private static Transaction Prepared(Transaction now, bool commit, long nowMs) =>
        now with
        {
            Status = commit ? TransactionStatus.PrepareCommit : TransactionStatus.PrepareAbort,
            StartMs = now.Status == TransactionStatus.Ongoing ? now.StartMs : nowMs,
            Partitions = now.Status == TransactionStatus.Ongoing ? now.Partitions : [],
            LastUpdateMs = nowMs,
            ClientVersion = Transaction.FirstVersionWithEpochPerTransaction,
        };
}
