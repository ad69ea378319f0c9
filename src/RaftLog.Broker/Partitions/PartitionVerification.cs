using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// One wait for a coordinator to say that a partition is in a producer's transaction. It ends when the transaction ends: what was verified
/// then says nothing about the next one (KIP-890).
/// </summary>
/// <param name="producer">The producer and its epoch.</param>
/// <param name="startsAtZero">True for transactions V2, where a producer that the log does not know begins at sequence 0.</param>
internal sealed class PartitionVerification(ProducerStamp producer, bool startsAtZero)
{
    /// <summary>The producer.</summary>
    public ProducerId Producer => producer.Id;

    /// <summary>The epoch of its transaction.</summary>
    public ProducerEpoch Epoch => producer.Epoch;

    /// <summary>The lowest sequence that a producer which the log does not know may begin at.</summary>
    public int FirstSequence { get; private set; } = startsAtZero ? 0 : producer.BaseSequence;

    /// <summary>How many requests wait for it.</summary>
    public int Users { get; set; }

    /// <summary>Another request of the producer begins to wait.</summary>
    public void Join(in ProducerStamp other) => FirstSequence = Math.Min(FirstSequence, other.BaseSequence);
}

/// <summary>The verifications that are under way in one partition, at most one a producer. Belongs to the partition's lock.</summary>
internal sealed partial class PartitionVerifications
{
    private const short FirstVersionWithEpochPerTransaction = 2;

    private readonly Dictionary<ProducerId, PartitionVerification> _underWay = [];

    /// <summary>Those whose transaction has ended while requests still wait for them.</summary>
    private readonly List<PartitionVerification> _outlived = [];

    /// <summary>
    /// Begins a verification, or joins the one of the same producer and epoch; null when the transaction is open in the log, so that none
    /// is needed.
    /// </summary>
    public PartitionVerification? Begin(ProducerState? known, in ProducerStamp producer, bool startsAtZero)
    {
        if (IsOpen(known, producer))
        {
            return null;
        }

        if (!_underWay.TryGetValue(producer.Id, out PartitionVerification? verification) || verification.Epoch < producer.Epoch)
        {
            verification = new PartitionVerification(producer, startsAtZero);
            _underWay[producer.Id] = verification;
        }
        else if (verification.Epoch == producer.Epoch)
        {
            verification.Join(producer);
        }
        else
        {
            // An older epoch: it is fenced by whoever is asked.
            verification = new PartitionVerification(producer, startsAtZero);
        }

        verification.Users++;
        return verification;
    }

    /// <summary>A request no longer waits.</summary>
    public void End(PartitionVerification verification)
    {
        verification.Users--;
        if (verification.Users == 0)
        {
            _outlived.Remove(verification);
        }

        if (verification.Users == 0 && _underWay.GetValueOrDefault(verification.Producer) == verification)
        {
            _underWay.Remove(verification.Producer);
        }
    }

    /// <summary>The same for a batch that was checked; null for one that is not transactional.</summary>
    public AppendResult? Check(in CheckedBatch batch, ProducerStates producers, PartitionVerification? verification) =>
        batch.IsTransactional ? Check(producers.Find(batch.Producer.Id), batch.Producer, batch.LastSequence, verification) : null;

    /// <summary>The same for what a coordinator has built; null for what is not transactional.</summary>
    public AppendResult? CheckBuilt(ReadOnlySpan<byte> batches, ProducerStates producers) =>
        RecordBatch.Read(batches, out RecordBatch batch) == BatchStatus.Complete
        && batch.Attributes.IsTransactional
        && !batch.Attributes.IsControl
            ? CheckBuilt(producers.Find(batch.ProducerId), batch.Producer)
            : null;

    /// <summary>Why a transactional batch may not be appended; null when it may, or when the log itself knows what to say to it.</summary>
    public AppendResult? Check(ProducerState? known, in ProducerStamp producer, int lastSequence, PartitionVerification? verification)
    {
        bool isRepeated = known?.Epoch == producer.Epoch && known.Holds(producer.BaseSequence, lastSequence);
        SeededBugSkipsVerification(ref isRepeated);
        if (IsOpen(known, producer) || IsFenced(known, producer) || isRepeated)
        {
            return null;
        }

        if (verification is null || _underWay.GetValueOrDefault(producer.Id) != verification || verification.Epoch != producer.Epoch)
        {
            return Ended(producer);
        }

        return known is null && producer.BaseSequence > verification.FirstSequence
            ? AppendResult.Rejected(
                ErrorCode.OutOfOrderSequenceNumber,
                $"producer {producer.Id} in epoch {producer.Epoch} begins at sequence {producer.BaseSequence}, expected at most "
                    + $"{verification.FirstSequence}"
            )
            : null;
    }

    static partial void SeededBugSkipsVerification(ref bool isRepeated);

    /// <summary>
    /// Why a coordinator may not write in a producer's transaction; null when it may, or is fenced by the log itself. It does not say which
    /// verification it was, so none may be left that the end of a transaction has outrun.
    /// </summary>
    public AppendResult? CheckBuilt(ProducerState? known, in ProducerStamp producer)
    {
        bool isVerified = _underWay.GetValueOrDefault(producer.Id)?.Epoch == producer.Epoch && !HasOutlived(producer);
        return IsOpen(known, producer) || IsFenced(known, producer) || isVerified ? null : Ended(producer);
    }

    /// <summary>
    /// A marker has ended the producer's transaction: nothing that was verified for it counts any more. Under transactions V2 the marker
    /// has the epoch of the next transaction, which may be verified already.
    /// </summary>
    public void TransactionEnded(ProducerId producer, ProducerEpoch markerEpoch, short transactionVersion)
    {
        bool endsSameEpoch = transactionVersion < FirstVersionWithEpochPerTransaction;
        if (
            _underWay.TryGetValue(producer, out PartitionVerification? verified)
            && (verified.Epoch < markerEpoch || (endsSameEpoch && verified.Epoch == markerEpoch))
        )
        {
            _underWay.Remove(producer);
            _outlived.Add(verified);
        }
    }

    /// <summary>The leadership has ended.</summary>
    public void Clear()
    {
        _underWay.Clear();
        _outlived.Clear();
    }

    private bool HasOutlived(in ProducerStamp producer)
    {
        foreach (PartitionVerification outlived in _outlived)
        {
            if (outlived.Producer == producer.Id && outlived.Epoch == producer.Epoch)
            {
                return true;
            }
        }

        return false;
    }

    private static AppendResult Ended(in ProducerStamp producer) =>
        AppendResult.Rejected(
            ErrorCode.InvalidTxnState,
            $"the transaction of producer {producer.Id} in epoch {producer.Epoch} ended before its records were appended"
        );

    private static bool IsFenced(ProducerState? known, in ProducerStamp producer) => known?.Epoch > producer.Epoch;

    private static bool IsOpen(ProducerState? known, in ProducerStamp producer) =>
        known is { IsInTransaction: true } && known.Epoch == producer.Epoch;
}
