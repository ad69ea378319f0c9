using System.Runtime.CompilerServices;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Groups;
using RaftLog.Client.Transactions;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// Reads the partitions that it is given, each from where it is told, or its part of the topics that a group shares. Reads ahead in the
/// background; <see cref="ReadAsync"/> hands out whole fetches, whose records are views without copies, and <see cref="ConsumeAsync"/> single
/// records. One reader at a time. <see cref="DisposeAsync"/> commits and leaves the group; <see cref="Dispose"/> just stops.
/// </summary>
public sealed class Consumer : IDisposable, IAsyncDisposable
{
    private static readonly TimeSpan Turn = TimeSpan.FromMinutes(1);

    private readonly ClientRuntime _runtime;
    private readonly Assignment _assignment;
    private readonly FetchLoop _fetches;
    private readonly ConsumerOptions _options;
    private readonly ConnectionSet _groupConnections;
    private readonly ConnectionSet _commitConnections;
    private readonly GroupMember? _member;
    private readonly GroupOffsets? _offsets;
    private bool _isSubscribed;

    internal Consumer(
        ConsumerOptions options, ClientRuntime runtime, ConnectionTable connections, ClusterCalls calls, MetadataCache metadata)
    {
        _runtime = runtime;
        _assignment = new Assignment(options, runtime.Options.CallTimeout);
        _options = options;
        _fetches = new FetchLoop(options, runtime, connections.OpenSet(), calls, metadata, _assignment);

        // A coordinator answers a join when all have joined: commits must not wait behind it.
        _groupConnections = connections.OpenSet();
        _commitConnections = connections.OpenSet();
        if (options.GroupId is { } group)
        {
            Coordinator commits = new(CoordinatorKind.Group, group, runtime, calls, new ClusterCalls(runtime, _commitConnections), metadata);
            _offsets = new GroupOffsets(group, options.GroupInstanceId, options.ReadCommitted, runtime, commits);
            Coordinator membership = new(CoordinatorKind.Group, group, runtime, calls, new ClusterCalls(runtime, _groupConnections), metadata);
            _member = new GroupMember(options, runtime, metadata, _assignment, membership, _offsets, _fetches.Wake);
        }
    }

    /// <summary>The partitions that are read now.</summary>
    public IReadOnlyList<TopicPartition> Assigned => _assignment.Partitions;

    /// <summary>The consumer's place in its group now, for offsets that a transaction commits.</summary>
    /// <exception cref="InvalidOperationException">The consumer has no group.</exception>
    public ConsumerGroupMetadata GroupMetadata
    {
        get
        {
            GroupIdentity identity = _isSubscribed ? Member.Identity : GroupIdentity.None;
            return new ConsumerGroupMetadata(_options.GroupId ?? throw NoGroup(), identity.Generation, identity.MemberId, _options.GroupInstanceId);
        }
    }

    /// <summary>
    /// Shares these topics with the other members of the group from now on. Partitions come and go within <see cref="ReadAsync"/>; each begins at its
    /// committed offset, or where <see cref="ConsumerOptions.OffsetReset"/> says.
    /// </summary>
    /// <param name="topics">The topics.</param>
    /// <param name="listener">Hears what is given and taken, or null.</param>
    /// <exception cref="InvalidOperationException">The consumer has no group, or was given partitions by <see cref="Assign(IReadOnlyDictionary{TopicPartition, StartAt})"/>.</exception>
    public void Subscribe(IReadOnlyList<string> topics, IRebalanceListener? listener = null)
    {
        if (!_isSubscribed && _assignment.Partitions.Count > 0)
        {
            throw new InvalidOperationException("the consumer was given partitions by Assign; a consumer either shares topics or reads what it is given");
        }

        _isSubscribed = true;
        Member.Subscribe(topics, listener);
    }

    /// <summary>Commits what was handed out so far, of all partitions (of <see cref="ConsumeAsync"/> the records before the current one).</summary>
    /// <exception cref="InvalidOperationException">The consumer has no group.</exception>
    /// <exception cref="KafkaException">Nothing was committed: the member is out of the group, or the coordinator could not be reached in time.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask CommitAsync(CancellationToken cancel = default) => CommitAsync(_assignment.Positions(), cancel);

    /// <summary>Commits offsets: of each partition the next one to read.</summary>
    /// <inheritdoc cref="CommitAsync(CancellationToken)" path="/exception"/>
    public ValueTask CommitAsync(IReadOnlyDictionary<TopicPartition, Offset> offsets, CancellationToken cancel = default) =>
        Offsets.CommitAsync(offsets, _isSubscribed ? Member.Identity : GroupIdentity.None, NewDeadline(cancel));

    /// <summary>The committed offsets of the group; <see cref="Offset.None"/> where there is none.</summary>
    /// <exception cref="InvalidOperationException">The consumer has no group.</exception>
    /// <exception cref="KafkaException">The coordinator could not be reached in time, or refused.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async ValueTask<IReadOnlyDictionary<TopicPartition, Offset>> CommittedAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancel = default) =>
        await Offsets.FetchAsync(partitions, NewDeadline(cancel));

    /// <summary>Reads these partitions from now on, and no others.</summary>
    /// <exception cref="InvalidOperationException">The consumer shares topics with a group.</exception>
    public void Assign(IReadOnlyDictionary<TopicPartition, StartAt> partitions)
    {
        if (_isSubscribed)
        {
            throw new InvalidOperationException("the consumer has subscribed; a consumer either shares topics or reads what it is given");
        }

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
            if (_isSubscribed)
            {
                await Member.PollAsync();
            }

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

    /// <summary>
    /// Every record, as it comes, without an end. A record counts as read, for <see cref="Position"/> and commits, when the next one is asked for; whoever
    /// stops in between goes on behind the last record that counted.
    /// </summary>
    /// <param name="cancel">Ends the reading.</param>
    /// <exception cref="KafkaException">A partition cannot be read.</exception>
    public async IAsyncEnumerable<ConsumedRecord> ConsumeAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        while (!cancel.IsCancellationRequested)
        {
            List<ConsumedRecord> copies = [];
            ReadPosition? position = null;
            Offset next = Offset.None;
            using (FetchedRecords? records = await ReadAsync(Turn, cancel))
            {
                if (records is not null)
                {
                    (position, next) = (records.Position, records.Next);
                    Copy(records, copies);
                }
            }

            int read = 0;
            try
            {
                for (; read < copies.Count && _assignment.TrySetRead(position!, copies[read].Offset); read++)
                {
                    yield return copies[read];
                }

                read++;
            }
            finally
            {
                if (position is not null)
                {
                    if (read > copies.Count)
                    {
                        _assignment.TrySetRead(position, next);
                    }
                    else if (read < copies.Count)
                    {
                        FetchLoop.Release(_assignment.SeekIfCurrent(position, copies[read].Offset));
                        _fetches.Wake();
                    }
                }
            }
        }
    }

    /// <summary>Stops reading, without a word to the group: it waits for the end of the session.</summary>
    public void Dispose()
    {
        _fetches.Close();
        _groupConnections.Dispose();
        _commitConnections.Dispose();
    }

    /// <summary>Commits what was read (where <see cref="ConsumerOptions.AutoCommit"/> is set), leaves the group, and stops. Not while a read is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_member is not null)
        {
            await _member.CloseAsync(new Deadline(_runtime.Waiters, _options.SessionTimeout < _runtime.Options.CallTimeout ? _options.SessionTimeout : _runtime.Options.CallTimeout));
        }

        Dispose();
    }

    private GroupMember Member => _member ?? throw NoGroup();

    private GroupOffsets Offsets => _offsets ?? throw NoGroup();

    private static InvalidOperationException NoGroup() => new("the consumer has no group; set ConsumerOptions.GroupId (group.id)");

    private Deadline NewDeadline(CancellationToken cancel) => new(_runtime.Waiters, _runtime.Options.CallTimeout, cancel);

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
