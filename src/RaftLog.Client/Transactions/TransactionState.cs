using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Transactions;

/// <summary>
/// What a transactional producer may do next, and what it has done: decides, and neither sends nor waits. Guarded by the lock of its
/// <see cref="TransactionFlow"/>.
/// </summary>
/// <param name="transactionalId">For messages.</param>
internal sealed class TransactionState(string transactionalId)
{
    private readonly HashSet<TopicPartition> _partitions = [];
    private readonly HashSet<TopicPartition> _missing = [];

    public TransactionStage Stage { get; private set; } = TransactionStage.Uninitialized;

    /// <summary>Producer id and epoch.</summary>
    public ProducerStamp Stamp { get; private set; } = ProducerStamp.None;

    /// <summary>True with KIP-890: brokers add partitions themselves, and each transaction has an epoch of its own.</summary>
    public bool IsV2 { get; private set; }

    /// <summary>Counts the transactions; what was begun in one must not end in another.</summary>
    public long Number { get; private set; }

    /// <summary>Why the transaction can only be aborted, or the producer only closed; else null.</summary>
    public KafkaException? Failure { get; private set; }

    /// <summary>True once the coordinator may know of the transaction, so that it has to be told its end.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>True when the numbering of a partition may have a hole, which only the next epoch closes (KIP-360).</summary>
    public bool NeedsEpoch { get; private set; }

    /// <summary>Partitions that have to be added before their batches may leave.</summary>
    public IReadOnlyCollection<TopicPartition> Missing => _missing;

    /// <summary>Why an action is not possible now; null when it is.</summary>
    public KafkaException? WhyNot(TransactionAction action) =>
        (Stage, action) switch
        {
            (TransactionStage.Fatal, _) => Failure,
            (TransactionStage.MustAbort, TransactionAction.Write or TransactionAction.Commit) => Failure,

            (TransactionStage.Initializing, _) => Wrong("InitTransactionsAsync is under way: await it first"),
            (TransactionStage.Open, TransactionAction.Init or TransactionAction.Begin) => Wrong(
                "a transaction is open: commit or abort it first"
            ),
            (_, TransactionAction.Init) => null,

            (TransactionStage.Uninitialized, _) => Wrong("it is not ready for transactions: call InitTransactionsAsync first"),
            (TransactionStage.Ready, TransactionAction.Begin) => null,
            (TransactionStage.Ready, TransactionAction.Write) => Wrong(
                "no transaction is open, and a producer with a transactional id writes within one: call BeginTransaction first"
            ),
            (TransactionStage.Ready, _) => Wrong("no transaction is open"),

            (TransactionStage.Open, _) => null,
            (TransactionStage.MustAbort or TransactionStage.Aborting, TransactionAction.Abort) => null,
            (TransactionStage.Committing, TransactionAction.Commit) => null,
            (TransactionStage.MustAbort, _) => Wrong("the transaction before has failed: abort it first"),
            (TransactionStage.Committing, _) => Wrong(
                "the commit of the transaction has begun and not ended, so it may have been committed: call CommitAsync or "
                    + "InitTransactionsAsync again"
            ),
            _ => Wrong("the abort of the transaction has begun and not ended: call AbortAsync or InitTransactionsAsync again"),
        };

    /// <summary>The coordinator is asked for an id.</summary>
    public void BeginInit() => Stage = TransactionStage.Initializing;

    /// <summary>It gave none; another attempt may follow.</summary>
    public void InitFailed()
    {
        if (Stage == TransactionStage.Initializing)
        {
            Stage = TransactionStage.Uninitialized;
        }
    }

    /// <summary>The producer has this id and epoch.</summary>
    public void Initialized(ProducerStamp stamp, bool isV2)
    {
        Stamp = stamp;
        IsV2 = isV2;
        NeedsEpoch = false;
        Failure = null;
        Stage = TransactionStage.Ready;
    }

    /// <summary>A transaction opens.</summary>
    public void Begin()
    {
        Number++;
        IsStarted = false;
        _partitions.Clear();
        _missing.Clear();
        Stage = TransactionStage.Open;
    }

    /// <summary>True where what has not left will not any more.</summary>
    public bool Rejects => Stage is not (TransactionStage.Open or TransactionStage.Committing);

    /// <summary>True when a batch for a partition may leave; else the partition is <see cref="Missing"/>, or nothing may leave.</summary>
    public bool TryUse(TopicPartition partition)
    {
        if (Rejects)
        {
            return false;
        }

        if (IsV2)
        {
            IsStarted = true;
            return true;
        }

        if (_partitions.Contains(partition))
        {
            return true;
        }

        _missing.Add(partition);
        return false;
    }

    /// <summary>The coordinator has, or may have, been told of the transaction.</summary>
    public void Started() => IsStarted = true;

    /// <summary>Partitions are in the transaction.</summary>
    public void Added(IReadOnlyCollection<TopicPartition> partitions)
    {
        _partitions.UnionWith(partitions);
        _missing.ExceptWith(partitions);
    }

    public void BeginCommit() => Stage = TransactionStage.Committing;

    public void BeginAbort()
    {
        _missing.Clear();
        Stage = TransactionStage.Aborting;
    }

    /// <summary>The numbering of a partition may have a hole.</summary>
    public void RequireEpoch() => NeedsEpoch = true;

    /// <summary>Something that belongs to the transaction has failed.</summary>
    /// <param name="verdict">What that means.</param>
    /// <param name="failure">What to tell the program.</param>
    public void Failed(TransactionVerdict verdict, KafkaException failure)
    {
        if (Stage == TransactionStage.Fatal || verdict is TransactionVerdict.Done or TransactionVerdict.Retry)
        {
            return;
        }

        if (verdict == TransactionVerdict.Fatal)
        {
            (Stage, Failure) = (TransactionStage.Fatal, failure);
            return;
        }

        NeedsEpoch = true;
        if (Stage is TransactionStage.Open or TransactionStage.Committing)
        {
            _missing.Clear();
            (Stage, Failure) = (TransactionStage.MustAbort, failure);
        }
    }

    /// <summary>The transaction has ended.</summary>
    /// <param name="next">Id and epoch for the next one, where the coordinator has named them.</param>
    /// <param name="isV2">How the next one goes.</param>
    public void Ended(ProducerStamp? next, bool isV2)
    {
        if (next is { } stamp)
        {
            Stamp = stamp;
            NeedsEpoch = false;
        }

        IsStarted = false;
        IsV2 = isV2;
        Failure = null;
        Stage = TransactionStage.Ready;
    }

    private KafkaException Wrong(string why) => new(ErrorCode.InvalidTxnState, $"producer '{transactionalId}': {why}");
}
