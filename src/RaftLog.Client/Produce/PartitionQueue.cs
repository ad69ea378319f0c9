using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>
/// The batches of one partition, in order. One is with the broker at a time: a retry can then neither overtake nor repeat anything, and
/// what comes meanwhile grows into a larger batch. Sequence numbers are given when a batch leaves and count on when it is acknowledged.
/// </summary>
internal sealed class PartitionQueue(TopicPartition partition, Uuid topicId, BatchSource source)
{
    private readonly Lock _lock = new();
    private readonly Queue<ProducerBatch> _full = new();
    private ProducerBatch? _open;

    /// <summary>The batch that has been sent and is not decided yet: with the broker, or waiting for its retry.</summary>
    private ProducerBatch? _undecided;

    private bool _isWithBroker;
    private long _retryAtMs;
    private ProducerStamp _identity = ProducerStamp.None;
    private int _nextSequence;
    private bool _hasHole;
    private bool _closed;
    private Wait _returned;

    public TopicPartition Partition => partition;

    /// <summary>The topic that the records are for; zero where the cluster does not tell ids.</summary>
    public Uuid TopicId => topicId;

    /// <summary>True while the sender is to look at the queue. Belongs to the sender.</summary>
    public bool IsListed { get; set; }

    /// <summary>When the sender will look again on its own. Belongs to the sender.</summary>
    public long TimedForMs { get; set; } = long.MaxValue;

    /// <summary>Appends a record.</summary>
    /// <param name="record">The record, small enough for a batch of its own.</param>
    /// <param name="timestampMs">Its time.</param>
    /// <param name="reserved">The bytes taken from the budget for it.</param>
    /// <param name="createdMs">When it was handed over, on the client's clock; null for now.</param>
    /// <param name="end">Who hears of its end.</param>
    /// <returns>What became of it. When a batch was begun the sender must look.</returns>
    public BatchOutcome Append(in ProducerRecord record, long timestampMs, long reserved, long? createdMs, RecordEnd end)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return BatchOutcome.Closed;
            }

            if (_open is { } open)
            {
                if (open.TryAppend(record, timestampMs, reserved, end))
                {
                    return BatchOutcome.Joined;
                }

                _full.Enqueue(open);
            }

            ProducerBatch next = source.NewBatch(createdMs);
            bool fits = next.TryAppend(record, timestampMs, reserved, end);
            Invariant.Holds(fits, "C-01", "a record that was found small enough does not fit into an empty batch");
            _open = next;
            return BatchOutcome.Began;
        }
    }

    /// <summary>
    /// Takes no more records and sends none. Ends once nothing is with the broker any more, with everything that is still undecided, in
    /// order.
    /// </summary>
    public async ValueTask<List<ProducerBatch>> CloseAsync(Waiters waiters)
    {
        Wait returned = default;
        lock (_lock)
        {
            _closed = true;
            if (_isWithBroker)
            {
                returned = _returned = waiters.Rent(Timeout.InfiniteTimeSpan);
            }
        }

        await returned.Outcome;
        List<ProducerBatch> undecided = [];
        Expire(long.MaxValue, undecided);
        return undecided;
    }

    /// <summary>True when there is no record here.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _open is null && _undecided is null && _full.Count == 0;
            }
        }
    }

    /// <summary>
    /// True while a batch is open, so that records without a key may join it. Read without the lock, since every record asks: what it says
    /// may be over at once either way.
    /// </summary>
    public bool HasOpenBatch => Volatile.Read(ref _open) is not null;

    /// <summary>
    /// The batches that wait here or are with the broker; <see cref="StickyChoice.Unavailable"/> when the oldest has waited too long.
    /// </summary>
    /// <param name="nowMs">The client's clock.</param>
    /// <param name="patience">How long a batch may be ready and not acknowledged; zero for any time.</param>
    public int WaitingBatches(long nowMs, TimeSpan patience)
    {
        lock (_lock)
        {
            ProducerBatch? oldest = _undecided;
            if (oldest is null && !_full.TryPeek(out oldest))
            {
                oldest = _open;
            }

            return patience > TimeSpan.Zero && oldest is not null && nowMs - oldest.CreatedMs > patience.TotalMilliseconds
                ? StickyChoice.Unavailable
                : _full.Count + (_undecided is null ? 0 : 1) + (_open is null ? 0 : 1);
        }
    }

    /// <summary>True when the numbering under <paramref name="current"/> has a hole and needs the next epoch.</summary>
    public bool NeedsEpochAfter(ProducerStamp current)
    {
        lock (_lock)
        {
            return _hasHole && _identity == current;
        }
    }

    /// <summary>The size of the batch that would leave now; 0 for none.</summary>
    /// <param name="nowMs">The client's clock.</param>
    /// <param name="lingerMs">How long an open batch waits for more.</param>
    /// <param name="wakeAtMs">When to look again, if nothing happens before; <see cref="long.MaxValue"/> for never.</param>
    public int SizeOfReady(long nowMs, long lingerMs, out long wakeAtMs)
    {
        wakeAtMs = long.MaxValue;
        lock (_lock)
        {
            if (_isWithBroker || _closed)
            {
                return 0;
            }

            if (_undecided is { } retried)
            {
                wakeAtMs = _retryAtMs;
                return _retryAtMs <= nowMs ? retried.Bytes.Length : 0;
            }

            if (_full.TryPeek(out ProducerBatch? full))
            {
                return full.Builder.Size;
            }

            if (_open is not { } open)
            {
                return 0;
            }

            wakeAtMs = open.CreatedMs + lingerMs;
            return wakeAtMs <= nowMs ? open.Builder.Size : 0;
        }
    }

    /// <summary>Takes the batch that leaves now, sealed. Only after <see cref="SizeOfReady"/> has said that there is one.</summary>
    /// <param name="current">The producer's identity, or none without idempotence.</param>
    public ProducerBatch Take(ProducerStamp current)
    {
        lock (_lock)
        {
            ProducerBatch? batch = _undecided;
            if (batch is null)
            {
                if (!_full.TryDequeue(out batch))
                {
                    batch = _open;
                    _open = null;
                }

                if (_identity != current)
                {
                    _identity = current;
                    _nextSequence = 0;
                    _hasHole = false;
                }
            }

            Invariant.Holds(
                batch is not null && !_isWithBroker,
                "C-02",
                "a batch was taken that is not there, or while another is with the broker"
            );
            if (!batch.IsSealed || batch.Stamp.Id != _identity.Id || batch.Stamp.Epoch != _identity.Epoch)
            {
                batch.Seal(_identity.Id.IsPresent ? _identity with { BaseSequence = _nextSequence } : ProducerStamp.None);
            }

            _undecided = batch;
            _isWithBroker = true;
            return batch;
        }
    }

    /// <summary>The batch that was taken is appended.</summary>
    public void Acknowledge(ProducerBatch batch)
    {
        lock (_lock)
        {
            Release(batch);
            _nextSequence = ProducerStamp.Advance(_nextSequence, batch.Count);
        }
    }

    /// <summary>The batch that was taken will be sent again.</summary>
    public void Retry(ProducerBatch batch, long atMs)
    {
        lock (_lock)
        {
            Invariant.Holds(_undecided == batch && _isWithBroker, "C-02", "a batch came back that was not with the broker");
            _isWithBroker = false;
            _retryAtMs = atMs;
            _returned.TryComplete(WaitOutcome.Ready);
        }
    }

    /// <summary>
    /// The batch that was taken is given up. Where nobody knows whether it was appended its numbers may not be used again, so there is a
    /// hole until the next epoch.
    /// </summary>
    public void GiveUp(ProducerBatch batch)
    {
        lock (_lock)
        {
            Release(batch);
            _hasHole |= batch.MaybeAppended;
        }
    }

    /// <summary>
    /// The broker has lost what it knew of the producer, and rejected a batch for it: number it anew under the next epoch.
    /// </summary>
    public void Renumber(ProducerBatch batch)
    {
        lock (_lock)
        {
            // It is taken like a new batch once there is a new epoch.
            Release(batch);
            _hasHole = true;
            PutInFront([batch]);
        }
    }

    /// <summary>The broker found the batch too large, and appended nothing: its parts go in its place.</summary>
    public void Replace(ProducerBatch batch, IReadOnlyList<ProducerBatch> parts)
    {
        lock (_lock)
        {
            Release(batch);
            PutInFront(parts);
        }
    }

    /// <summary>Removes the batches that have waited too long and are not with the broker.</summary>
    public void Expire(long createdBeforeMs, List<ProducerBatch> expired)
    {
        lock (_lock)
        {
            if (_undecided is { } retried && !_isWithBroker && retried.CreatedMs < createdBeforeMs)
            {
                _undecided = null;
                _hasHole |= retried.MaybeAppended;
                expired.Add(retried);
            }

            while (_full.TryPeek(out ProducerBatch? full) && full.CreatedMs < createdBeforeMs)
            {
                expired.Add(_full.Dequeue());
            }

            if (_open is { } open && open.CreatedMs < createdBeforeMs)
            {
                _open = null;
                expired.Add(open);
            }
        }
    }

    /// <summary>Lets <paramref name="rent"/> make a wait for every batch that is here now.</summary>
    public void Flush(Func<Wait> rent, List<Wait> waits)
    {
        lock (_lock)
        {
            Add(_undecided);
            foreach (ProducerBatch full in _full)
            {
                Add(full);
            }

            Add(_open);
        }

        void Add(ProducerBatch? batch)
        {
            if (batch is not null)
            {
                Wait wait = rent();
                batch.AddFlush(wait);
                waits.Add(wait);
            }
        }
    }

    private void PutInFront(IReadOnlyList<ProducerBatch> batches)
    {
        ProducerBatch[] behind = [.. _full];
        _full.Clear();
        foreach (ProducerBatch first in batches)
        {
            _full.Enqueue(first);
        }

        foreach (ProducerBatch next in behind)
        {
            _full.Enqueue(next);
        }
    }

    private void Release(ProducerBatch batch)
    {
        Invariant.Holds(_undecided == batch && _isWithBroker, "C-02", "a batch was decided that was not with the broker");
        _undecided = null;
        _isWithBroker = false;

        // Its continuation runs later, when what follows under the lock is done.
        _returned.TryComplete(WaitOutcome.Ready);
    }
}
