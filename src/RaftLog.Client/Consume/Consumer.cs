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
    private readonly Assignment _assignment = new();
    private readonly FetchLoop _fetches;

    internal Consumer(
        ConsumerOptions options, ClientRuntime runtime, ConnectionTable connections, ClusterCalls calls, MetadataCache metadata)
    {
        _runtime = runtime;
        _fetches = new FetchLoop(options, runtime, connections, calls, metadata, _assignment);
    }

    /// <summary>Reads these partitions from now on, and no others.</summary>
    public void Assign(IReadOnlyDictionary<TopicPartition, StartAt> partitions)
    {
        _assignment.Replace(partitions);
        _fetches.Wake();
    }

    /// <summary>Reads one partition from now on, and no other.</summary>
    public void Assign(TopicPartition partition, StartAt start) =>
        Assign(new SortedDictionary<TopicPartition, StartAt> { [partition] = start });

    /// <summary>Goes on somewhere else in one partition. What was fetched ahead is dropped.</summary>
    /// <exception cref="ArgumentException">The partition is not assigned.</exception>
    public void Seek(TopicPartition partition, StartAt start)
    {
        _assignment.Seek(partition, start);
        _fetches.Wake();
    }

    /// <summary>
    /// The offset that <see cref="ReadAsync"/> goes on at in a partition; <see cref="Offset.None"/> while it is still searched for, or when the
    /// partition is not assigned.
    /// </summary>
    public Offset Position(TopicPartition partition) => _assignment.PositionOf(partition);

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
            while (_fetches.TryTake() is { } records)
            {
                if (_assignment.Deliver(records))
                {
                    return records;
                }

                records.Dispose();
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
