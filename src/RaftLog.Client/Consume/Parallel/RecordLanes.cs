using System.Diagnostics.CodeAnalysis;
using System.Text;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume.Parallel;

/// <summary>
/// Which records may be handled now: lanes of records that wait for one another, of which each has one record in work at most. Waits for
/// nothing. Not safe for concurrent use.
/// </summary>
internal sealed class RecordLanes(ProcessingOptions options)
{
    private readonly Dictionary<(TopicPartition Partition, string Key), Lane> _lanes = [];
    private readonly Dictionary<TopicPartition, PartitionWork> _partitions = [];
    private readonly Queue<Lane> _ready = new();
    private readonly SortedSet<(long BegunMs, long Number)> _ages = [];
    private long _number;
    private int _pending;

    /// <summary>
    /// True while more records of a partition may come: each has its share of the room, and what one fetch brought above it takes nothing
    /// from the others, so that one whose handlers are slow leaves room to them.
    /// </summary>
    public bool HasRoom(TopicPartition partition)
    {
        bool isKnown = _partitions.TryGetValue(partition, out PartitionWork? work);
        int share = Math.Max(1, options.MaxPending / (_partitions.Count + (isKnown ? 0 : 1)));
        return !(work?.Pending >= share)
            && (_pending < options.MaxPending || _partitions.Values.Sum(each => Math.Min(each.Pending, share)) < options.MaxPending);
    }

    /// <summary>How many records are in work.</summary>
    public int Running => _ages.Count;

    /// <summary>How many are in work or wait.</summary>
    public int Pending => _pending;

    /// <summary>Since when the oldest record in work is; <see cref="long.MaxValue"/> where none is.</summary>
    public long OldestMs => _ages.Count == 0 ? long.MaxValue : _ages.Min.BegunMs;

    /// <summary>Takes a record.</summary>
    public void Add(ConsumedRecord record)
    {
        if (!_partitions.TryGetValue(record.Partition, out PartitionWork? partition))
        {
            _partitions.Add(record.Partition, partition = new PartitionWork());
        }

        partition.Offsets.Begin(record.Offset);
        Count(partition, 1);
        (TopicPartition, string) id = (record.Partition, KeyOf(record));
        if (!_lanes.TryGetValue(id, out Lane? lane))
        {
            _lanes.Add(id, lane = new Lane(id, partition));
            _ready.Enqueue(lane);
        }

        lane.Records.Enqueue(record);
    }

    /// <summary>All records of a partition before an offset have been added.</summary>
    public void Reach(TopicPartition partition, Offset end)
    {
        if (!_partitions.TryGetValue(partition, out PartitionWork? work))
        {
            _partitions.Add(partition, work = new PartitionWork());
        }

        work.Offsets.Reach(end);
    }

    /// <summary>Begins the next record, where one may begin.</summary>
    public bool TryBegin(long nowMs, [NotNullWhen(true)] out RecordWork? work)
    {
        work = null;
        while (_ages.Count < options.MaxConcurrency && _ready.TryDequeue(out Lane? lane))
        {
            if (lane.Records.TryDequeue(out ConsumedRecord? record))
            {
                work = new RecordWork(record, lane, (nowMs, _number++));
                _ages.Add(work.Age);
                lane.Partition.Running++;
                return true;
            }
        }

        return false;
    }

    /// <summary>A record's handler has ended.</summary>
    /// <param name="work">The record.</param>
    /// <param name="isDone">False where it counts as not handled: then nothing behind it is committed, and nothing behind it in its lane
    /// begins.</param>
    public void End(RecordWork work, bool isDone)
    {
        Lane lane = work.Lane;
        _ages.Remove(work.Age);
        Count(lane.Partition, -1);
        lane.Partition.Running--;
        if (!isDone)
        {
            Count(lane.Partition, -lane.Records.Count);
            lane.Records.Clear();
            return;
        }

        lane.Partition.Offsets.End(work.Record.Offset);
        if (lane.Records.Count > 0)
        {
            _ready.Enqueue(lane);
        }
        else if (_lanes.GetValueOrDefault(lane.Id) == lane)
        {
            _lanes.Remove(lane.Id);
        }
    }

    /// <summary>Begins no more records of these partitions.</summary>
    public void Stop(IReadOnlyCollection<TopicPartition> partitions)
    {
        foreach (Lane lane in _lanes.Values.Where(lane => partitions.Contains(lane.Id.Partition)).ToList())
        {
            Count(lane.Partition, -lane.Records.Count);
            lane.Records.Clear();
            _lanes.Remove(lane.Id);
        }
    }

    /// <summary>True while no record of these partitions is in work.</summary>
    public bool IsIdle(IReadOnlyCollection<TopicPartition> partitions) =>
        !partitions.Any(each => _partitions.TryGetValue(each, out PartitionWork? work) && work.Running > 0);

    /// <summary>These partitions are not this reader's any more, whatever is still in work.</summary>
    /// <returns>What tells the handlers still in work that nobody waits for them; to be cancelled outside of any lock.</returns>
    public List<CancellationTokenSource> Forget(IReadOnlyCollection<TopicPartition> partitions)
    {
        List<CancellationTokenSource> abandoned = [];
        Stop(partitions);
        foreach (TopicPartition partition in partitions)
        {
            if (_partitions.Remove(partition, out PartitionWork? work))
            {
                abandoned.Add(work.Abandoned);
            }
        }

        return abandoned;
    }

    /// <summary>Where a partition goes on if everything were lost now; none where it is not this reader's any more.</summary>
    public Offset DoneOf(TopicPartition partition) =>
        _partitions.TryGetValue(partition, out PartitionWork? work) ? work.Offsets.Next : Offset.None;

    /// <summary>Where each partition goes on if everything were lost now.</summary>
    public SortedDictionary<TopicPartition, Offset> Done()
    {
        SortedDictionary<TopicPartition, Offset> done = [];
        foreach ((TopicPartition partition, PartitionWork work) in _partitions)
        {
            done.Add(partition, work.Offsets.Next);
        }

        return done;
    }

    private void Count(PartitionWork partition, int records)
    {
        _pending += records;
        partition.Pending += records;
    }

    private string KeyOf(ConsumedRecord record) =>
        options.Order switch
        {
            ProcessingOrder.Partition => "",
            ProcessingOrder.Key when record.Key is { } key => "k" + Encoding.Latin1.GetString(key),
            _ => $"o{record.Offset}",
        };

    /// <summary>Records that wait for one another.</summary>
    internal sealed class Lane((TopicPartition Partition, string Key) id, PartitionWork partition)
    {
        public (TopicPartition Partition, string Key) Id => id;

        public PartitionWork Partition => partition;

        public Queue<ConsumedRecord> Records { get; } = new();
    }

    /// <summary>What is in work of one partition.</summary>
    internal sealed class PartitionWork
    {
        public ContiguousOffsets Offsets { get; } = new();

        public int Running { get; set; }

        public int Pending { get; set; }

        /// <summary>Cancelled when nobody waits for its records any more.</summary>
        public CancellationTokenSource Abandoned { get; } = new();
    }
}

/// <summary>A record in work.</summary>
/// <param name="Record">The record.</param>
/// <param name="Lane">Its lane.</param>
/// <param name="Age">When it was begun, and its number.</param>
internal sealed record RecordWork(ConsumedRecord Record, RecordLanes.Lane Lane, (long BegunMs, long Number) Age)
{
    /// <summary>Cancelled when nobody waits for its end any more.</summary>
    public CancellationToken Abandoned => Lane.Partition.Abandoned.Token;
}
