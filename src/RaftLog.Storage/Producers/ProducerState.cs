using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>What a log knows of one idempotent producer (KIP-98). Belongs to the log's one writer.</summary>
public sealed class ProducerState
{
    /// <summary>Batches that are kept to recognise a retry: as many as a producer may have in flight.</summary>
    public const int KeptBatches = 5;

    /// <summary>A ring once it is full. Most of many producers write one batch, so it begins with one place.</summary>
    private ProducedBatch[] _batches = new ProducedBatch[1];
    private int _first;
    private int _count;

    internal ProducerState(ProducerId id) => Id = id;

    /// <summary>The producer.</summary>
    public ProducerId Id { get; }

    /// <summary>Its newest epoch.</summary>
    public ProducerEpoch Epoch { get; private set; } = ProducerEpoch.None;

    /// <summary>The epoch of the coordinator that wrote its last marker.</summary>
    public LeaderEpoch CoordinatorEpoch { get; internal set; } = LeaderEpoch.None;

    /// <summary>The largest timestamp of its last batch or marker, in milliseconds; -1 for none.</summary>
    public long LastTimestamp { get; internal set; } = RecordBatch.NoTimestamp;

    /// <summary>The first offset of its open transaction; <see cref="Offset.None"/> while it has none.</summary>
    public Offset TransactionStart { get; internal set; } = Offset.None;

    /// <summary>True while a transaction of it is open in this log.</summary>
    public bool IsInTransaction => TransactionStart != Offset.None;

    /// <summary>The newest batch; null when none is known of this epoch.</summary>
    public ProducedBatch? Last => _count == 0 ? null : _batches[(_first + _count - 1) % _batches.Length];

    /// <summary>The newest sequence of this epoch, or -1.</summary>
    public int LastSequence => Last is { } last ? last.LastSequence : ProducerStamp.NoSequence;

    /// <summary>The producer before this one in <see cref="ProducersByAge"/>.</summary>
    internal ProducerState? Older { get; set; }

    /// <summary>The producer after this one in <see cref="ProducersByAge"/>.</summary>
    internal ProducerState? Newer { get; set; }

    /// <summary>True when a batch with exactly these sequences is one of the newest of this epoch: a repeated one is a duplicate.</summary>
    public bool Holds(int firstSequence, int lastSequence) => Find(firstSequence, lastSequence) is not null;

    /// <summary>Goes to another epoch, whose batches are not yet known; does nothing in the same epoch.</summary>
    internal void Enter(ProducerEpoch epoch)
    {
        if (epoch != Epoch)
        {
            Epoch = epoch;
            _first = 0;
            _count = 0;
        }
    }

    internal void Add(ProducedBatch batch)
    {
        if (_count == KeptBatches)
        {
            _batches[_first] = batch;
            _first = (_first + 1) % KeptBatches;
        }
        else
        {
            // Not full, so nothing has gone round the ring yet.
            if (_count == _batches.Length)
            {
                Array.Resize(ref _batches, KeptBatches);
            }

            _batches[_count] = batch;
            _count++;
        }

        LastTimestamp = batch.Timestamp;
    }

    /// <summary>The kept batch with exactly these sequences; null when there is none.</summary>
    internal ProducedBatch? Find(int firstSequence, int lastSequence)
    {
        for (int i = 0; i < _count; i++)
        {
            ProducedBatch batch = _batches[(_first + i) % _batches.Length];
            if (batch.FirstSequence == firstSequence && batch.LastSequence == lastSequence)
            {
                return batch;
            }
        }

        return null;
    }
}
