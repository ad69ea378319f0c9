using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// The idempotent producers that wrote to a log, and their open transactions (KIP-98, KIP-360). It follows from the log's batches alone, so
/// leader, follower and recovery come to the same. Belongs to the log's one writer; <see cref="FirstUnstable"/> may be read by anyone.
/// </summary>
public sealed partial class ProducerStates
{
    /// <summary>
    /// The most producers of one log. At the bound the one that was silent longest, and has no transaction open, is forgotten, as if it had
    /// expired: it may then start at any sequence. Producers with an open transaction are kept beyond it.
    /// </summary>
    public const int MostProducers = 100_000;

    private const short FirstVersionWithEpochPerTransaction = 2;

    private readonly Dictionary<long, ProducerState> _producers = [];
    private readonly ProducersByAge _byAge = new();

    /// <summary>Starts of open transactions.</summary>
    private readonly SortedSet<long> _open = [];

    /// <summary>Ended transactions whose marker is not yet below the high watermark: start and marker, by start.</summary>
    private readonly SortedDictionary<long, long> _ended = [];

    private long _firstUnstable = Offset.None.Value;

    /// <summary>The number of producers.</summary>
    public int Count => _producers.Count;

    /// <summary>The producers in the order of their ids, sorted at each call.</summary>
    public IReadOnlyList<ProducerState> Producers
    {
        get
        {
            ProducerState[] sorted = [.. _producers.Values];
            Array.Sort(sorted, static (left, right) => left.Id.Value.CompareTo(right.Id.Value));
            return sorted;
        }
    }

    /// <summary>
    /// The start of the first transaction that is open, or whose end is not yet committed; <see cref="Offset.None"/> when there is none.
    /// The last stable offset is this or the high watermark.
    /// </summary>
    public Offset FirstUnstable => new(Volatile.Read(ref _firstUnstable));

    /// <summary>What is known of a producer; null when it is unknown.</summary>
    public ProducerState? Find(ProducerId id) => _producers.GetValueOrDefault(id.Value);

    /// <summary>Judges a batch that is about to be appended by a leader. Changes nothing.</summary>
    /// <param name="batch">The batch's header.</param>
    /// <param name="origin">Who made it.</param>
    internal SequenceVerdict Judge(in BatchHeader batch, AppendOrigin origin)
    {
        ProducerStamp stamp = batch.Producer;
        if (!stamp.Id.IsPresent || Find(stamp.Id) is not { } known)
        {
            return SequenceVerdict.Fresh;
        }

        if (origin == AppendOrigin.Client && stamp.Epoch == known.Epoch && known.Find(stamp.BaseSequence, batch.LastSequence) is { } before)
        {
            return SequenceVerdict.Repeats(before);
        }

        if (stamp.Epoch < known.Epoch)
        {
            return SequenceVerdict.Rejected(
                ErrorCode.InvalidProducerEpoch,
                $"producer {stamp.Id} writes in epoch {stamp.Epoch}, but epoch {known.Epoch} has replaced it"
            );
        }

        bool isFresh = batch.IsControl;
        SeededBugAcceptsAnySequence(ref isFresh);
        if (isFresh)
        {
            return SequenceVerdict.Fresh;
        }

        if (origin == AppendOrigin.Client && !Follows(known, stamp))
        {
            return SequenceVerdict.Rejected(
                ErrorCode.OutOfOrderSequenceNumber,
                $"producer {stamp.Id} in epoch {stamp.Epoch} sent sequence {stamp.BaseSequence} after sequence {known.LastSequence} of "
                    + $"epoch {known.Epoch}"
            );
        }

        return known.IsInTransaction && !batch.IsTransactional
            ? SequenceVerdict.Rejected(
                ErrorCode.InvalidTxnState,
                $"producer {stamp.Id} sent a batch outside of its transaction, which is open since offset {known.TransactionStart}"
            )
            : SequenceVerdict.Fresh;
    }

    static partial void SeededBugAcceptsAnySequence(ref bool isFresh);

    /// <summary>
    /// Judges a transaction marker that is about to be appended by a leader. Changes nothing. From transaction version 2 on a marker is
    /// above the epoch of the transaction that it ends (KIP-1228): one of the same epoch is late, unless it is the last epoch, or no
    /// transaction is open and it is a repeated one (KAFKA-19999).
    /// </summary>
    /// <param name="batch">The marker's batch.</param>
    /// <param name="coordinatorEpoch">The epoch of the coordinator that decided.</param>
    /// <param name="transactionVersion">The version of the transaction.</param>
    /// <param name="isRepeated">True when the marker is in the log already.</param>
    internal SequenceVerdict JudgeMarker(in BatchHeader batch, LeaderEpoch coordinatorEpoch, short transactionVersion, out bool isRepeated)
    {
        isRepeated = false;
        SequenceVerdict verdict = Judge(batch, AppendOrigin.Coordinator);
        if (verdict.Error != ErrorCode.None || Find(batch.Producer.Id) is not { } known)
        {
            return verdict;
        }

        if (known.CoordinatorEpoch > coordinatorEpoch)
        {
            return SequenceVerdict.Rejected(
                ErrorCode.TransactionCoordinatorFenced,
                $"a marker of coordinator epoch {coordinatorEpoch} came after one of epoch {known.CoordinatorEpoch}"
            );
        }

        if (
            transactionVersion < FirstVersionWithEpochPerTransaction
            || batch.Producer.Epoch > known.Epoch
            || known.Epoch.Value == short.MaxValue
        )
        {
            return verdict;
        }

        isRepeated = !known.IsInTransaction;
        return isRepeated
            ? verdict
            : SequenceVerdict.Rejected(
                ErrorCode.InvalidProducerEpoch,
                $"a marker of epoch {batch.Producer.Epoch} came for a transaction of producer {known.Id} in the same epoch, open since "
                    + $"offset {known.TransactionStart}"
            );
    }

    /// <summary>Takes in a batch that is in the log, whoever appended it. Not for control batches.</summary>
    internal void Apply(in BatchHeader batch)
    {
        ProducerStamp stamp = batch.Producer;
        if (!stamp.Id.IsPresent)
        {
            return;
        }

        ProducerState state = FindOrAdd(stamp.Id);
        state.Enter(stamp.Epoch);
        if (stamp.BaseSequence >= 0)
        {
            state.Add(new ProducedBatch(batch.LastSequence, batch.LastOffset, batch.LastOffsetDelta, batch.MaxTimestamp));
        }

        if (batch.IsTransactional && !state.IsInTransaction)
        {
            state.TransactionStart = batch.BaseOffset;
            _open.Add(batch.BaseOffset.Value);
            PublishFirstUnstable();
        }

        NoteAge(state);
    }

    /// <summary>
    /// Takes in a transaction marker that is in the log. The result is what goes to the transaction index: an abort that ended something.
    /// </summary>
    internal AbortedTransaction? ApplyMarker(in BatchHeader batch, ControlRecordType type, LeaderEpoch coordinatorEpoch)
    {
        ProducerState state = FindOrAdd(batch.Producer.Id);
        state.Enter(batch.Producer.Epoch);
        state.CoordinatorEpoch = coordinatorEpoch;
        state.LastTimestamp = batch.MaxTimestamp;
        Offset start = state.TransactionStart;
        state.TransactionStart = Offset.None;
        NoteAge(state);
        if (start == Offset.None)
        {
            return null;
        }

        _open.Remove(start.Value);
        Offset stable = LastStableWithout(start, batch.LastOffset);
        _ended[start.Value] = batch.LastOffset.Value;
        SeededBugEndsUncommitted(start);
        PublishFirstUnstable();
        return type == ControlRecordType.Abort ? new AbortedTransaction(batch.Producer.Id, start, batch.LastOffset, stable) : null;
    }

    partial void SeededBugEndsUncommitted(Offset start);

    /// <summary>Ended transactions whose markers lie below the high watermark no longer hold back the last stable offset.</summary>
    internal void Committed(Offset highWatermark)
    {
        if (_ended.Count == 0)
        {
            return;
        }

        List<long> done = [];
        foreach ((long start, long marker) in _ended)
        {
            if (marker < highWatermark.Value)
            {
                done.Add(start);
            }
        }

        foreach (long start in done)
        {
            _ended.Remove(start);
        }

        PublishFirstUnstable();
    }

    /// <summary>Forgets producers that were silent for as long as <c>producer.id.expiration.ms</c> and have no transaction open.</summary>
    /// <param name="nowMs">Wall-clock milliseconds.</param>
    /// <param name="expirationMs">The time after which a silent producer is forgotten, in milliseconds.</param>
    public void Expire(long nowMs, long expirationMs)
    {
        // All of them: timestamps are the producers' own and need not follow the order of their appends.
        ProducerState? next = _byAge.Oldest;
        while (next is { } state)
        {
            next = state.Newer;
            if (nowMs - state.LastTimestamp >= expirationMs)
            {
                Forget(state);
            }
        }
    }

    /// <summary>Forgets everything.</summary>
    internal void Clear()
    {
        _producers.Clear();
        _byAge.Clear();
        _open.Clear();
        _ended.Clear();
        PublishFirstUnstable();
    }

    /// <summary>Takes over the states of a snapshot in place of what is known.</summary>
    internal void Restore(IReadOnlyList<ProducerState> producers)
    {
        Clear();

        // A snapshot does not say who appended last, but the offsets of the last batches do.
        foreach (ProducerState producer in producers.OrderBy(static producer => producer.Last?.LastOffset ?? Offset.None))
        {
            _producers[producer.Id.Value] = producer;
            NoteAge(producer);
            if (producer.IsInTransaction)
            {
                _open.Add(producer.TransactionStart.Value);
            }
        }

        PublishFirstUnstable();
    }

    /// <summary>The bytes of a snapshot.</summary>
    internal byte[] Snapshot() => ProducerSnapshot.Format(Producers);

    private static bool Follows(ProducerState known, ProducerStamp stamp)
    {
        if (stamp.Epoch != known.Epoch)
        {
            return stamp.BaseSequence == 0 || known.Epoch == ProducerEpoch.None;
        }

        int last = known.LastSequence;
        return stamp.BaseSequence == last + 1L || (stamp.BaseSequence == 0 && last == int.MaxValue);
    }

    private ProducerState FindOrAdd(ProducerId id)
    {
        if (_producers.TryGetValue(id.Value, out ProducerState? state))
        {
            return state;
        }

        // More than one where transactions that kept their producers beyond the bound have ended since.
        while (_producers.Count >= MostProducers && _byAge.Oldest is { } oldest)
        {
            Forget(oldest);
        }

        state = new ProducerState(id);
        _producers.Add(id.Value, state);
        return state;
    }

    /// <summary>Who has a transaction open is not forgotten, so it has no place among those that may be.</summary>
    private void NoteAge(ProducerState state)
    {
        if (state.IsInTransaction)
        {
            _byAge.Remove(state);
        }
        else
        {
            _byAge.Touch(state);
        }
    }

    private void Forget(ProducerState state)
    {
        _byAge.Remove(state);
        _producers.Remove(state.Id.Value);
    }

    /// <summary>
    /// The last stable offset when this transaction no longer counts: the first other undecided one, or what follows the marker.
    /// </summary>
    private Offset LastStableWithout(Offset start, Offset marker) =>
        _open.Count > 0 && _open.Min != start.Value ? new Offset(_open.Min) : marker + 1;

    private void PublishFirstUnstable()
    {
        long first = _open.Count > 0 ? _open.Min : long.MaxValue;
        foreach (long start in _ended.Keys)
        {
            first = Math.Min(first, start);
            break;
        }

        Volatile.Write(ref _firstUnstable, first == long.MaxValue ? Offset.None.Value : first);
    }
}
