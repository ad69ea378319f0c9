using System.Runtime.CompilerServices;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// Reads the partitions that it is given, each from where it is told. Reads ahead in the background; <see cref="ReadAsync"/> hands out whole
/// fetches, whose records are views without copies, and <see cref="ReadAllAsync"/> single records. One reader at a time.
/// </summary>
public sealed class Consumer : IDisposable
{
    private readonly ClientRuntime _runtime;
    private readonly Assignment _assignment;
    private readonly FetchLoop _fetches;

    internal Consumer(
        ConsumerOptions options, ClientRuntime runtime, ConnectionSet connections, ClusterCalls calls, MetadataCache metadata)
    {
        _runtime = runtime;
        _assignment = new Assignment(options, runtime.Options.CallTimeout);
        _fetches = new FetchLoop(options, runtime, connections, calls, metadata, _assignment);
    }

    /// <summary>Reads these partitions from now on, and no others.</summary>
    public void Assign(IReadOnlyDictionary<TopicPartition, StartAt> partitions)
    {
        FetchLoop.Release(_assignment.Replace(partitions));
        _fetches.Wake();
    }

    /// <summary>Reads one partition from now on, and no other.</summary>
    public void Assign(TopicPartition partition, StartAt start) =>
        Assign(new SortedDictionary<TopicPartition, StartAt> { [partition] = start });

    /// <summary>Goes on somewhere else in one partition. What was fetched ahead is dropped.</summary>
    /// <exception cref="ArgumentException">The partition is not assigned.</exception>
    public void Seek(TopicPartition partition, StartAt start)
    {
        FetchLoop.Release(_assignment.Seek(partition, start));
        _fetches.Wake();
    }

    /// <summary>
    /// The offset that <see cref="ReadAsync"/> goes on at in a partition; <see cref="Offset.None"/> while it is still searched for, or when the
    /// partition is not assigned.
    /// </summary>
    public Offset Position(TopicPartition partition) => _assignment.PositionOf(partition);

    /// <summary>Fetches and hands out nothing of these partitions until <see cref="Resume"/>; what was fetched ahead stays.</summary>
    /// <exception cref="ArgumentException">A partition is not assigned.</exception>
    public void Pause(params IReadOnlyCollection<TopicPartition> partitions) => SetPaused(partitions, true);

    /// <summary>Goes on with paused partitions where they were.</summary>
    /// <exception cref="ArgumentException">A partition is not assigned.</exception>
    public void Resume(params IReadOnlyCollection<TopicPartition> partitions) => SetPaused(partitions, false);

    /// <summary>The partitions that are paused.</summary>
    public IReadOnlyList<TopicPartition> Paused => _assignment.Paused;

    /// <summary>
    /// How many offsets of a partition lie before the end of what may be read and have not been handed out, as the last fetch told it; null
    /// before the first. Offsets, not records: compaction and transactions leave holes.
    /// </summary>
    public long? Lag(TopicPartition partition)
    {
        (Offset end, Offset position) = (_assignment.EndOf(partition), _assignment.PositionOf(partition));
        return end == Offset.None || position == Offset.None ? null : Math.Max(0, end.Value - position.Value);
    }

    /// <summary>The next records of any partition; null when none came in time. Dispose them when they are read.</summary>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="cancel">Ends the wait early, with null.</param>
    /// <exception cref="KafkaException">A partition cannot be read. It stays so until a seek or a new assignment.</exception>
    public async ValueTask<FetchedRecords?> ReadAsync(TimeSpan timeout, CancellationToken cancel = default)
    {
        using CancellationTokenRegistration registration = cancel.Register(static self => ((FetchLoop)self!).Wake(), _fetches);
        Deadline deadline = new(_runtime.Waiters, timeout);
        while (true)
        {
            if (_fetches.TryTake() is { } records)
            {
                return records;
            }

            if (_assignment.Failure is { } failure)
            {
                throw failure;
            }

            if (cancel.IsCancellationRequested || deadline.HasPassed)
            {
                return null;
            }

            if (await _fetches.WaitAsync(deadline.Remaining) == WaitOutcome.Closed)
            {
                throw new KafkaException(ErrorCode.NetworkException, _runtime.Failure ?? "the cluster's connections were closed");
            }
        }
    }

    /// <summary>Every record of the assigned partitions, as it comes, without an end.</summary>
    /// <param name="cancel">Ends the reading.</param>
    /// <exception cref="KafkaException">A partition cannot be read.</exception>
    public async IAsyncEnumerable<ConsumedRecord> ReadAllAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        TimeSpan turn = TimeSpan.FromMinutes(1);
        while (!cancel.IsCancellationRequested)
        {
            List<ConsumedRecord> copies = [];
            using (FetchedRecords? records = await ReadAsync(turn, cancel))
            {
                Copy(records, copies);
            }

            foreach (ConsumedRecord copy in copies)
            {
                yield return copy;
            }
        }
    }

    /// <summary>Stops reading.</summary>
    public void Dispose() => _fetches.Close();

    private void SetPaused(IReadOnlyCollection<TopicPartition> partitions, bool paused)
    {
        foreach (TopicPartition partition in partitions)
        {
            _assignment.Pause(partition, paused);
        }

        _fetches.Wake();
    }

    private static void Copy(FetchedRecords? records, List<ConsumedRecord> copies)
    {
        if (records is null)
        {
            return;
        }

        foreach (RecordView record in records)
        {
            copies.Add(record.ToRecord());
        }
    }
}
