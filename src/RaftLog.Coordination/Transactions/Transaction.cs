using System.Collections.Immutable;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Transactions;

/// <summary>What is durable of one transactional id: one record of <c>__transaction_state</c>.</summary>
public sealed record Transaction
{
    /// <summary>The last epoch that a producer is given: the one above it only fences.</summary>
    public const short LastUsableEpoch = short.MaxValue - 1;

    /// <summary>No time.</summary>
    public const long NoTime = -1;

    /// <summary>The first transaction version where the epoch is raised with each transaction (KIP-890).</summary>
    public const short FirstVersionWithEpochPerTransaction = 2;

    /// <summary>The producer.</summary>
    public ProducerId Producer { get; init; } = ProducerId.None;

    /// <summary>
    /// The producer id before this one, while its producer may still repeat the request that replaced it; none when another incarnation
    /// took over.
    /// </summary>
    public ProducerId PreviousProducer { get; init; } = ProducerId.None;

    /// <summary>The producer id that follows a prepared transaction, when the epochs of this one are used up.</summary>
    public ProducerId NextProducer { get; init; } = ProducerId.None;

    /// <summary>The producer's epoch; under transactions V2 the one of the next transaction from the decision on.</summary>
    public ProducerEpoch Epoch { get; init; } = ProducerEpoch.None;

    /// <summary>How long a transaction may stay open, in milliseconds.</summary>
    public int TimeoutMs { get; init; }

    /// <summary>Where the transaction stands.</summary>
    public TransactionStatus Status { get; init; }

    /// <summary>The partitions in the transaction.</summary>
    public ImmutableSortedSet<TopicPartition> Partitions { get; init; } = [];

    /// <summary>When this last changed, in wall-clock milliseconds.</summary>
    public long LastUpdateMs { get; init; } = NoTime;

    /// <summary>When the transaction began, in wall-clock milliseconds; <see cref="NoTime"/> before the first.</summary>
    public long StartMs { get; init; } = NoTime;

    /// <summary>The transaction version of the client's last request.</summary>
    public short ClientVersion { get; init; }

    /// <summary>True when no further epoch can be given out under this producer id.</summary>
    public bool IsExhausted => IsLast(Epoch);

    /// <summary>True when a producer of that epoch needs another producer id.</summary>
    public static bool IsLast(ProducerEpoch epoch) => epoch.Value >= LastUsableEpoch;

    /// <summary>
    /// The epoch above, which is the epoch itself at the end of the range: there it still fences all that producers hold.
    /// </summary>
    public static ProducerEpoch Above(ProducerEpoch epoch) =>
        epoch.Value == short.MaxValue ? epoch : new ProducerEpoch((short)(epoch.Value + 1));

    /// <summary>The transaction once all its partitions have their markers.</summary>
    public Transaction Completed(long nowMs)
    {
        Transaction completed = this with
        {
            Status = Status == TransactionStatus.PrepareCommit ? TransactionStatus.CompleteCommit : TransactionStatus.CompleteAbort,
            Partitions = [],
            LastUpdateMs = nowMs,
        };
        return NextProducer == ProducerId.None
            ? completed
            : completed with
            {
                Producer = NextProducer,
                PreviousProducer = Producer,
                NextProducer = ProducerId.None,
                Epoch = new ProducerEpoch(0),
            };
    }
}
