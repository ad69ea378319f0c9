using System.Collections.Concurrent;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// All partitions that this node holds. Metadata makes, changes and removes them, one image at a time, from one loop; everyone else looks them up
/// without a lock.
/// </summary>
public sealed class PartitionTable : IFlushObserver
{
    /// <summary>How often leaders are told the time: what waits on time there (lag, repeated proposals) waits for tenths of seconds.</summary>
    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(100);

    private readonly PartitionHost _host;
    private readonly IReadOnlyList<LogDirectory> _directories;
    private readonly ITopicSettings _settings;
    private readonly FollowerFetchers _fetchers;
    private readonly ConcurrentDictionary<TopicPartition, Partition> _byName = new();
    private readonly ConcurrentDictionary<TopicIdPartition, Partition> _byId = new();
    private readonly SortedDictionary<TopicIdPartition, Partition> _inOrder = new(ByTopicIdThenIndex.Instance);
    private Partition[] _all = [];
    private BrokerRoster _roster = BrokerRoster.Empty;
    private BrokerEpoch _registeredAs = BrokerEpoch.None;

    /// <summary>An empty table over open log directories.</summary>
    /// <param name="host">The node.</param>
    /// <param name="directories">Where logs lie; each partition's log is found where it is, or made in the directory that metadata names.</param>
    /// <param name="settings">The configuration of topics.</param>
    /// <param name="fetchers">Who copies from leaders.</param>
    public PartitionTable(PartitionHost host, IReadOnlyList<LogDirectory> directories, ITopicSettings settings, FollowerFetchers fetchers)
    {
        _host = host;
        _directories = directories;
        _settings = settings;
        _fetchers = fetchers;
    }

    /// <summary>Told of each partition whose log lies in another directory than metadata says, with the directory's id; it only takes note.</summary>
    public Action<TopicIdPartition, Uuid>? Misplaced { get; init; }

    /// <summary>All partitions, in the order of topic ids.</summary>
    public IReadOnlyList<Partition> All => Volatile.Read(ref _all);

    /// <summary>Finds a partition by its topic's name; null when this node does not hold it.</summary>
    public Partition? Find(TopicPartition name) => _byName.GetValueOrDefault(name);

    /// <summary>Finds a partition by its topic's id; null when this node does not hold it.</summary>
    public Partition? Find(TopicIdPartition id) => _byId.GetValueOrDefault(id);

    /// <summary>
    /// Takes the next image. Partitions that this node is to hold get a log and their state; those that it holds no longer are closed and deleted. A change of
    /// any broker is told to every partition, since it decides who may join an in-sync set.
    /// <para>
    /// Nothing is done before an image includes the registration of this incarnation. Until then the node reads history: a topic that was deleted long ago, whose
    /// namesake's log lies here, or a replica that was moved away and came back. Acting on it would set aside or delete records that are still wanted.
    /// </para>
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="changes">What is different from the image before.</param>
    /// <param name="registeredAs">The epoch that this incarnation of the node has registered in; None before.</param>
    public void Apply(MetadataImage image, MetadataChanges changes, BrokerEpoch registeredAs)
    {
        if (_registeredAs == BrokerEpoch.None)
        {
            if (registeredAs == BrokerEpoch.None || image.Provenance.LastOffset.Value < registeredAs.Value)
            {
                return;
            }

            changes = MetadataChanges.Between(MetadataImage.Empty, image);
        }

        var wakes = new WakeList();
        bool brokersChanged = changes.Brokers.Count > 0 || registeredAs != _registeredAs;
        if (brokersChanged)
        {
            _roster = PartitionStates.RosterOf(image);
            _registeredAs = registeredAs;
            _fetchers.RegisteredAs = registeredAs;
        }

        // What leaves goes first: a namesake may be among what comes.
        bool membersChanged = false;
        foreach (PartitionDifference change in changes.Partitions)
        {
            if (!IsHere(change))
            {
                membersChanged |= Remove(IdOf(change), wakes);
            }
        }

        foreach (PartitionDifference change in changes.Partitions)
        {
            if (IsHere(change))
            {
                membersChanged |= Ensure(IdOf(change), change.Topic, change.After!, image);
            }
        }

        if (membersChanged)
        {
            Volatile.Write(ref _all, [.. _inOrder.Values]);
        }

        if (brokersChanged)
        {
            foreach (Partition partition in _all)
            {
                Tell(partition, image, wakes);
            }
        }
        else
        {
            foreach (PartitionDifference change in changes.Partitions)
            {
                if (_byId.TryGetValue(IdOf(change), out Partition? partition))
                {
                    Tell(partition, image, wakes);
                }
            }
        }

        Configure(image, changes, wakes);
        _fetchers.Begin();
        wakes.WakeAll();
    }

    /// <summary>
    /// Sets aside logs that no metadata knows: those of topics that were deleted or moved while this node was away. Once, after the first image that is
    /// as new as this node's registration; before that it does nothing.
    /// </summary>
    public void SetAsideStrays()
    {
        if (_registeredAs == BrokerEpoch.None)
        {
            return;
        }

        foreach (LogDirectory directory in _directories)
        {
            foreach (PartitionLog log in directory.Logs)
            {
                bool isKnown = log.Partition.Topic == ClusterMetadataTopic
                    || (_byName.TryGetValue(log.Partition, out Partition? partition) && ReferenceEquals(partition.Log, log));
                if (!isKnown)
                {
                    directory.SetAsStray(log);
                }
            }
        }
    }

    /// <summary>More of these logs is on the disk: moves high watermarks, and wakes all that waited for it once.</summary>
    public void Flushed(IReadOnlyList<PartitionLog> logs)
    {
        var wakes = new WakeList();
        for (int i = 0; i < logs.Count; i++)
        {
            if (_byName.TryGetValue(logs[i].Partition, out Partition? partition) && ReferenceEquals(partition.Log, logs[i]))
            {
                partition.Flushed(wakes);
            }
        }

        wakes.WakeAll();
    }

    /// <summary>Tells leaders the time, until the node's waits are closed.</summary>
    public async Task RunAsync()
    {
        var wakes = new WakeList();
        while (await _host.Waiters.Delay(TickInterval) != WaitOutcome.Closed)
        {
            long now = _host.NowMs;
            foreach (Partition partition in Volatile.Read(ref _all))
            {
                if (partition.NextDeadlineMs <= now)
                {
                    partition.Tick(wakes);
                }
            }

            wakes.WakeAll();
        }
    }

    private const string ClusterMetadataTopic = "__cluster_metadata";

    private static TopicIdPartition IdOf(PartitionDifference change) => new(change.TopicId, change.Partition);

    private bool IsHere(PartitionDifference change) => change.After is { } after && after.Replicas.Contains(_host.Self);

    private void Tell(Partition partition, MetadataImage image, WakeList wakes)
    {
        if (image.Topics.TryGetPartition(partition.Id.TopicId, partition.Id.Partition, out PartitionRegistration? registration))
        {
            Uuid directory = partition.Directory.Meta.DirectoryId;
            if (image.Version.TracksDirectories && registration.DirectoryOf(_host.Self) != directory)
            {
                Misplaced?.Invoke(partition.Id, directory);
            }

            int minInSync = _settings.For(partition.Name.Topic, image).MinInSync;
            partition.Apply(PartitionStates.Of(registration, image, _roster, minInSync), _registeredAs, wakes);
            _fetchers.Assign(partition);
        }
    }

    private void Configure(MetadataImage image, MetadataChanges changes, WakeList wakes)
    {
        bool everyTopic = false;
        foreach (ConfigResource resource in changes.Configs)
        {
            everyTopic |= resource.Type == ConfigResourceType.Broker;
        }

        if (changes.Configs.Count == 0)
        {
            return;
        }

        if (everyTopic)
        {
            _fetchers.Limit(_settings.ThrottledBytesPerSecond(image));
        }

        foreach (Partition partition in _all)
        {
            if (everyTopic || changes.Configs.Contains(ConfigResource.Topic(partition.Name.Topic)))
            {
                partition.Configure(_settings.For(partition.Name.Topic, image), wakes);
                Tell(partition, image, wakes);
            }
        }
    }

    private bool Ensure(TopicIdPartition id, string topic, PartitionRegistration registration, MetadataImage image)
    {
        if (_byId.ContainsKey(id))
        {
            return false;
        }

        var name = new TopicPartition(topic, id.Partition);
        PartitionSettings settings = _settings.For(topic, image);
        if (Place(name, registration.DirectoryOf(_host.Self)) is not { } directory)
        {
            // Every directory is offline. The controller hears of it by heartbeat and lets another replica lead.
            return false;
        }

        PartitionLog? log = directory.Find(name);
#if SEEDED_BUGS
        if (log is not null && log.TopicId != id.TopicId && log.TopicId != Uuid.Zero && !SeededBug.Is(37))
#else
        if (log is not null && log.TopicId != id.TopicId && log.TopicId != Uuid.Zero)
#endif
        {
            // A namesake that was deleted while this node was away: its records are another topic's (KAFKA-14616).
            directory.SetAsStray(log);
            log = null;
        }

        if (log is null)
        {
            log = directory.Create(name, id.TopicId, settings.Log);
        }
        else
        {
            log.Settings = settings.Log;
        }

        var partition = new Partition(id, log, directory, settings, _host);
        _inOrder.Add(id, partition);
        _byId[id] = partition;
        _byName[name] = partition;
        return true;
    }

    private LogDirectory? Place(TopicPartition name, Uuid assigned)
    {
        LogDirectory? best = null;
        foreach (LogDirectory directory in _directories)
        {
            if (directory.Find(name) is not null)
            {
                return directory;
            }

            if (directory.Health.IsOffline)
            {
                continue;
            }

            bool isBetter = best is null
                || (directory.Meta.DirectoryId == assigned)
                || (best.Meta.DirectoryId != assigned && directory.Logs.Count < best.Logs.Count);
            best = isBetter ? directory : best;
        }

        return best;
    }

    private bool Remove(TopicIdPartition id, WakeList wakes)
    {
        if (!_inOrder.Remove(id, out Partition? partition))
        {
            return false;
        }

        _byId.TryRemove(id, out _);
        _byName.TryRemove(new KeyValuePair<TopicPartition, Partition>(partition.Name, partition));
        _fetchers.Remove(partition);
        partition.Delete(wakes);
        return true;
    }

    private sealed class ByTopicIdThenIndex : IComparer<TopicIdPartition>
    {
        public static readonly ByTopicIdThenIndex Instance = new();

        public int Compare(TopicIdPartition left, TopicIdPartition right)
        {
            int byTopic = left.TopicId.CompareTo(right.TopicId);
            return byTopic != 0 ? byTopic : left.Partition.CompareTo(right.Partition);
        }
    }
}
