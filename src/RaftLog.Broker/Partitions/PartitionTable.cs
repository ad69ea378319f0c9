using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// All partitions that this node holds. Metadata makes, changes and removes them, one image at a time, from one loop; everyone else looks
/// them up without a lock. The loop does not wait for the disk: a partition is held from the moment on at which its log is there and
/// durable.
/// </summary>
internal sealed partial class PartitionTable : IFlushObserver
{
    /// <summary>How often logs that could not be made are tried again, and the controller is told again of those that are lost.</summary>
    private const long AttemptIntervalMs = 5_000;

    private readonly PartitionHost _host;
    private readonly IReadOnlyList<LogDirectory> _directories;
    private readonly ITopicSettings _settings;
    private readonly FollowerFetchers _fetchers;
    private readonly PartitionMaker _maker;
    private readonly Action<Action> _inLoop;
    private readonly HeldPartitions _held = new();
    private readonly ConcurrentDictionary<TopicIdPartition, DiskException> _unmade = new();
    private readonly Dictionary<TopicPartition, PartitionToMake> _making = [];
    private readonly LostReplicas _lost;
    private MetadataImage _image = MetadataImage.Empty;
    private WakeList? _wakesOfFlush;
    private DiskErrorKind? _reported;
    private BrokerRoster _roster = BrokerRoster.Empty;
    private BrokerEpoch _registeredAs = BrokerEpoch.None;

    /// <summary>An empty table over open log directories.</summary>
    /// <param name="host">The node.</param>
    /// <param name="directories">Where logs lie; each partition's log is found where it is, or made in the directory that metadata
    /// names.</param>
    /// <param name="settings">The configuration of topics.</param>
    /// <param name="fetchers">Who copies from leaders.</param>
    /// <param name="supervisor">Who watches the disk work.</param>
    /// <param name="inLoop">Runs something in the loop that calls <see cref="Apply"/>.</param>
    public PartitionTable(
        PartitionHost host,
        IReadOnlyList<LogDirectory> directories,
        ITopicSettings settings,
        FollowerFetchers fetchers,
        Supervisor supervisor,
        Action<Action> inLoop
    )
    {
        _host = host;
        _directories = directories;
        _settings = settings;
        _fetchers = fetchers;
        _inLoop = inLoop;
        _maker = new PartitionMaker(supervisor, inLoop) { Made = Made };
        _lost = new LostReplicas(host.Self, directories);
        Places = new LogPlacement(directories);
        Mover = new ReplicaMover(directories, host.Waiters, fetchers.NodeLog)
        {
            Assign = (partition, directory) => Misplaced?.Invoke(partition, directory),
        };
    }

    /// <summary>
    /// Told of each partition whose log lies in another directory than metadata says, with the directory's id; it only takes note.
    /// </summary>
    public Action<TopicIdPartition, Uuid>? Misplaced { get; init; }

    /// <summary>Told when other directories are cordoned than before.</summary>
    public Action? Cordoned { get; init; }

    /// <summary>Told, for the node's log, of logs that are set aside.</summary>
    public Action<string> Warn { get; init; } = static _ => { };

    /// <summary>
    /// Told of each partition that has taken what metadata says of it, in the loop that calls <see cref="Apply"/>; it may not wait.
    /// </summary>
    public Action<Partition>? OnApplied { get; init; }

    /// <summary>Where new logs are made.</summary>
    public LogPlacement Places { get; }

    /// <summary>What holds back the followers that are not in sync of throttled partitions that this node leads.</summary>
    public ReplicationThrottle LeaderThrottle { get; } = new();

    /// <summary>Who moves logs from directory to directory.</summary>
    public ReplicaMover Mover { get; }

    /// <summary>All partitions, in the order of topic ids.</summary>
    public IReadOnlyList<Partition> All => _held.All;

    /// <summary>Finds a partition by its topic's name; null when this node does not hold it.</summary>
    public Partition? Find(TopicPartition name) => _held.Find(name);

    /// <summary>Finds a partition by its topic's id; null when this node does not hold it.</summary>
    public Partition? Find(TopicIdPartition id) => _held.Find(id);

    /// <summary>Why the log of a partition that this node is to hold could not be made; null when it was, or is being made.</summary>
    public DiskException? WhyUnmade(TopicIdPartition id) => _unmade.GetValueOrDefault(id);

    /// <summary>
    /// Takes the next image. Partitions that this node is to hold get a log and their state; those that it holds no longer are closed and
    /// deleted. A change of any broker is told to every partition, since it decides who may join an in-sync set.
    /// <para>
    /// Nothing is done before an image includes the registration of this incarnation. Until then the node reads history: a topic that was
    /// deleted long ago, whose namesake's log lies here, or a replica that was moved away and came back. Acting on it would set aside or
    /// delete records that are still wanted.
    /// </para>
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="changes">What is different from the image before.</param>
    /// <param name="registeredAs">The epoch that this incarnation of the node has registered in; None before.</param>
    /// <returns>Ends when each log that the image asks for is in use, or could not be made.</returns>
    public Task Apply(MetadataImage image, MetadataChanges changes, BrokerEpoch registeredAs)
    {
        bool isFirst = _registeredAs == BrokerEpoch.None;
        if (isFirst)
        {
            if (registeredAs == BrokerEpoch.None || image.Provenance.LastOffset.Value < registeredAs.Value)
            {
                return Task.CompletedTask;
            }

            changes = MetadataChanges.Between(MetadataImage.Empty, image);
        }

        var wakes = new WakeList();
        MetadataImage before = _image;
        _image = image;
        bool brokersChanged = changes.Brokers.Count > 0 || registeredAs != _registeredAs;
        if (brokersChanged)
        {
            _roster = PartitionStates.RosterOf(image);
            _registeredAs = registeredAs;
            _fetchers.RegisteredAs = registeredAs;
        }

        bool everyTopic = ConcernEveryTopic(changes);
        if (everyTopic || isFirst || image.Version != before.Version)
        {
            ConfigureNode();
        }

        // What leaves goes first: a namesake may be among what comes.
        bool membersChanged = false;
        foreach (PartitionDifference change in changes.Partitions)
        {
            if (!IsHere(change.After))
            {
                membersChanged |= Remove(IdOf(change), wakes);
            }
        }

        List<Task> making = [];
        var settings = new SettingsOfTopics(_settings, image);
        foreach (PartitionDifference change in changes.Partitions)
        {
            if (IsHere(change.After))
            {
                // What comes while this incarnation runs was never held before.
                membersChanged |= Ensure(
                    IdOf(change),
                    change.Topic,
                    change.After!,
                    settings,
                    making,
                    mayBeLost: isFirst || change.Before is not null
                );
            }
        }

        _lost.Begin();
        if (membersChanged)
        {
            _held.List();
        }

        if (brokersChanged)
        {
            foreach (Partition partition in _held.All)
            {
                Tell(partition, wakes);
            }
        }
        else
        {
            foreach (PartitionDifference change in changes.Partitions)
            {
                if (_held.Find(IdOf(change)) is { } partition)
                {
                    Tell(partition, wakes);
                }
            }
        }

        Configure(changes, settings, everyTopic, wakes);
        _maker.Start();
        _fetchers.Begin();
        wakes.WakeAll();
        return making.Count == 0 ? Task.CompletedTask : Task.WhenAll(making);
    }

    /// <summary>
    /// Sets aside logs that no metadata knows: those of topics that were deleted or moved while this node was away. Once, after the first
    /// image that is as new as this node's registration; before that it does nothing.
    /// </summary>
    public void SetAsideStrays()
    {
        if (_registeredAs == BrokerEpoch.None)
        {
            return;
        }

        foreach (LogDirectory directory in _directories)
        {
            List<string> strays = [];
            foreach (PartitionLog log in directory.Logs)
            {
                bool isKnown =
                    log.Partition.Topic == ClusterMetadataTopic
                    || directory.IsMarkedLost(log)
                    || ReferenceEquals(_held.Find(log.Partition)?.Log, log);
                if (!isKnown && directory.SetAsStray(log) is { } kept)
                {
                    strays.Add(kept);
                }
            }

            // A partition that could not be made yet has no name here.
            if (_unmade.IsEmpty && !_lost.HasAny)
            {
                directory.ForgetMissing(name => name.Topic == ClusterMetadataTopic || _held.Find(name) is not null);
            }

            if (strays.Count > 0)
            {
                Warn(
                    $"{strays.Count} logs in {directory.Path} belong to no partition that the cluster has here, and are not used: their "
                        + $"topics were deleted, or they were moved away. They were renamed and can be removed: {strays[0]}"
                        + (strays.Count > 1 ? " and others that end with -stray" : "")
                );
            }
        }

        Mover.DropStrays(name => _held.Find(name) is not null);
    }

    /// <summary>More of these logs is on the disk: moves high watermarks, and wakes all that waited for it once.</summary>
    public void Flushed(IReadOnlyList<PartitionLog> logs)
    {
        // Each directory has a flusher of its own, so another one may have it.
        WakeList wakes = Interlocked.Exchange(ref _wakesOfFlush, null) ?? new WakeList();
        for (int i = 0; i < logs.Count; i++)
        {
            if (
                _held.Find(logs[i].Partition) is { } partition
                && (ReferenceEquals(partition.Log, logs[i]) || ReferenceEquals(partition.Place.Move?.Future, logs[i]))
            )
            {
                partition.Flushed(wakes);
            }
        }

        wakes.WakeAll();
        Volatile.Write(ref _wakesOfFlush, wakes);
    }

    /// <summary>Tells leaders the time, and tries again to make what could not be made, until the node's waits are closed.</summary>
    public async Task RunAsync()
    {
        var wakes = new WakeList();
        List<Partition> due = [];
        long nextAttemptMs = _host.NowMs + AttemptIntervalMs;
        while (await _host.Times.WaitAsync() != WaitOutcome.Closed)
        {
            long now = _host.NowMs;
            if (now >= nextAttemptMs && (!_unmade.IsEmpty || _lost.HasAny))
            {
                nextAttemptMs = now + AttemptIntervalMs;
                _inLoop(MakeUnmade);
            }

            _host.Times.TakeDue(now, due);
            foreach (Partition partition in due)
            {
                partition.Tick(wakes);
            }

            due.Clear();
            wakes.WakeAll();
        }
    }

    private const string ClusterMetadataTopic = "__cluster_metadata";

    private static TopicIdPartition IdOf(PartitionDifference change) => new(change.TopicId, change.Partition);

    private bool IsHere([NotNullWhen(true)] PartitionRegistration? registration) =>
        registration is not null && registration.Replicas.Contains(_host.Self);

    private void Tell(Partition partition, WakeList wakes)
    {
        if (_image.Topics.TryGetPartition(partition.Id.TopicId, partition.Id.Partition, out PartitionRegistration? registration))
        {
            Uuid directory = partition.Directory.Meta.DirectoryId;
            partition.Place.Assigned = _image.Version.TracksDirectories ? registration.DirectoryOf(_host.Self) : null;
            if (partition.Place.Assigned is { } assigned && assigned != directory && !IsOnItsWayTo(partition, assigned))
            {
                Misplaced?.Invoke(partition.Id, directory);
            }

            partition.Apply(PartitionStates.Of(registration, _image, _roster, partition.MinInSync), _registeredAs, wakes);
            _fetchers.Assign(partition);
            OnApplied?.Invoke(partition);
        }
    }

    private static bool IsOnItsWayTo(Partition partition, Uuid directory) =>
        partition.Place.Move is { IsFollowing: true } move && move.Target.Meta.DirectoryId == directory;

    private bool ConcernEveryTopic(MetadataChanges changes)
    {
        string self = _host.Self.ToString();
        bool every = false;
        foreach (ConfigResource resource in changes.Configs)
        {
            every |= resource.Type == ConfigResourceType.Broker && (resource.Name.Length == 0 || resource.Name == self);
        }

        return every;
    }

    /// <summary>Takes what is configured for the node as a whole: before new logs are placed, and before moves go on.</summary>
    private void ConfigureNode()
    {
        _fetchers.Limit(_settings.ThrottledBytesPerSecond(_image));
        LeaderThrottle.TryLimit(_settings.LeaderThrottledBytesPerSecond(_image));
        Mover.Limit(_settings.MovedBytesPerSecond(_image));
        if (Places.TryCordon(_image.Version.TracksCordonedDirectories ? _settings.CordonedDirectories(_image) : []))
        {
            Cordoned?.Invoke();
        }
    }

    private void Configure(MetadataChanges changes, SettingsOfTopics settings, bool everyTopic, WakeList wakes)
    {
        if (changes.Configs.Count == 0)
        {
            return;
        }

        HashSet<ConfigResource> changed = [.. changes.Configs];
        foreach (Partition partition in _held.All)
        {
            if (everyTopic || changed.Contains(ConfigResource.Topic(partition.Name.Topic)))
            {
                partition.Configure(settings.Of(partition.Name.Topic), wakes);
                Tell(partition, wakes);
            }
        }
    }

    /// <summary>Holds a partition whose log is there, or begins to make its log; true when it is held now and was not before.</summary>
    private bool Ensure(
        TopicIdPartition id,
        string topic,
        PartitionRegistration registration,
        SettingsOfTopics settings,
        List<Task> making,
        bool mayBeLost
    )
    {
        if (_held.Find(id) is not null)
        {
            return false;
        }

        var name = new TopicPartition(topic, id.Partition);
        if (_making.TryGetValue(name, out PartitionToMake? underWay))
        {
            // This one, or a namesake that is gone: what is wanted then is seen when it is there.
            making.Add(underWay.Done);
            return false;
        }

        if (Places.Of(name, registration.DirectoryOf(_host.Self), _maker.CountOf) is not { } directory)
        {
            // Every directory is offline. The controller hears of it by heartbeat and lets another replica lead.
            return false;
        }

        PartitionLog? log = directory.Find(name);
        if (log is not null && !Belongs(log, id.TopicId))
        {
            SetAside(directory, log, id.TopicId);
            log = null;
        }

        bool isMarked = log is not null && directory.IsMarkedLost(log);
        if (mayBeLost && (log is null || isMarked) && _lost.Holds(id, name, registration, isMarked))
        {
            if (_lost.Note(id, name) is { } warning)
            {
                _fetchers.NodeLog.Error(warning);
            }

            if (_image.Version.TracksDirectories && registration.DirectoryOf(_host.Self) != ReservedDirectories.Lost)
            {
                Misplaced?.Invoke(id, ReservedDirectories.Lost);
            }

            return false;
        }

        PartitionSettings own = settings.Of(topic);
        if (log is not null)
        {
            if (isMarked)
            {
                directory.RemoveLostMark(log);
            }

            log.Settings = own.Log;
            Hold(id, log, directory, own);
            return true;
        }

        PartitionToMake partition = new(id, directory, new NewLog(name, id.TopicId, own.Log), own);
        _making.Add(name, partition);
        making.Add(partition.Done);
        _maker.Add(partition);
        return false;
    }

    private void Hold(TopicIdPartition id, PartitionLog log, LogDirectory directory, PartitionSettings settings)
    {
        var partition = new Partition(id, log, directory, settings, _host);
        _lost.Forget(id);
        _unmade.TryRemove(id, out _);
        _held.Add(partition);
        Mover.Resume(partition);
    }

    /// <summary>Some logs are there, or cannot be made. What metadata says may have changed meanwhile: the latest image counts.</summary>
    private void Made(IReadOnlyList<(PartitionToMake Asked, CreatedLog Result)> results)
    {
        var wakes = new WakeList();
        var settings = new SettingsOfTopics(_settings, _image);
        foreach ((PartitionToMake asked, CreatedLog result) in results)
        {
            _making.Remove(asked.Log.Partition);
            if (Take(asked, result, settings, wakes) is { } namesake)
            {
                _ = asked.EndWithAsync(namesake);
            }
            else
            {
                asked.End();
            }
        }

        _held.List();
        Say(results);
        _maker.Start();
        _fetchers.Begin();
        wakes.WakeAll();
    }

    /// <summary>
    /// Holds what was made, if it is still wanted. The result is a log that is being made under the same name now; null when there is none.
    /// </summary>
    private Task? Take(PartitionToMake asked, in CreatedLog result, SettingsOfTopics settings, WakeList wakes)
    {
        TopicPartition name = asked.Log.Partition;
        if (
            _image.Topics.TryGetPartition(asked.Id.TopicId, asked.Id.Partition, out PartitionRegistration? registration)
            && IsHere(registration)
        )
        {
            if (result.Log is { } log)
            {
                Hold(asked.Id, log, asked.Directory, settings.Of(name.Topic));
                Tell(_held.Find(asked.Id)!, wakes);
            }
            else
            {
                _unmade[asked.Id] = result.Failure!;
            }

            return null;
        }

        if (result.Log is { } unwanted)
        {
            asked.Directory.Delete(unwanted);
        }

        // A topic of the same name may have come meanwhile.
        return _image.Topics.TryGet(name.Topic, out TopicImage? now) && IsHere(now.Partitions.GetValueOrDefault(name.Partition))
            ? Find(new TopicIdPartition(now.Id, name.Partition), now, settings, wakes, mayBeLost: false)
            : null;
    }

    /// <summary>Holds a partition, or begins to make its log; then the result ends with that.</summary>
    private Task? Find(TopicIdPartition id, TopicImage topic, SettingsOfTopics settings, WakeList wakes, bool mayBeLost)
    {
        List<Task> making = [];
        if (Ensure(id, topic.Name, topic.Partitions[id.Partition], settings, making, mayBeLost))
        {
            Tell(_held.Find(id)!, wakes);
        }

        return making.Count > 0 ? making[0] : null;
    }

    private void MakeUnmade()
    {
        var wakes = new WakeList();
        var settings = new SettingsOfTopics(_settings, _image);
        List<TopicIdPartition> lost = [.. _lost.All];
        foreach (TopicIdPartition id in _unmade.Keys.Concat(lost).Distinct().Order(HeldPartitions.ByTopicIdThenIndex.Instance))
        {
            if (_image.Topics.TryGet(id.TopicId, out TopicImage? topic) && IsHere(topic.Partitions.GetValueOrDefault(id.Partition)))
            {
                Find(id, topic, settings, wakes, mayBeLost: lost.Contains(id));
            }
            else
            {
                _unmade.TryRemove(id, out _);
                _lost.Forget(id);
            }
        }

        _held.List();
        _maker.Start();
        _fetchers.Begin();
        wakes.WakeAll();
    }

    /// <summary>Says once what stands in the way of new logs, and that it is over.</summary>
    private void Say(IReadOnlyList<(PartitionToMake Asked, CreatedLog Result)> results)
    {
        foreach ((PartitionToMake asked, CreatedLog result) in results)
        {
            if (result.Failure is { } failure && failure.Kind != _reported)
            {
                _reported = failure.Kind;
                _fetchers.NodeLog.Error(
                    $"{asked.Log.Partition} cannot be served, nor can other new partitions in {asked.Directory.Path}: "
                        + $"{failure.Message}; {failure.WayOut}. "
                        + "It is tried again every 5 s; the partitions that are there are served"
                );
            }
        }

        if (_reported is not null && _unmade.IsEmpty)
        {
            _reported = null;
            _fetchers.NodeLog.Info("all partitions that metadata gives to this node are there now");
        }
    }

    /// <summary>
    /// True when a log says that it is a topic's. One of another id is that of a namesake that was deleted while this node was away
    /// (KAFKA-14616). One that says nothing may be that, too: its <c>partition.metadata</c> was flushed before its first record, so whoever
    /// took the file away may have changed more.
    /// </summary>
    private static bool Belongs(PartitionLog log, Uuid topicId)
    {
        bool belongs = log.TopicId == topicId;
        SeededBugTakesOverLog(log, ref belongs);
        return belongs;
    }

    static partial void SeededBugTakesOverLog(PartitionLog log, ref bool belongs);

    private void SetAside(LogDirectory directory, PartitionLog log, Uuid topicId)
    {
        string reason =
            log.TopicId == Uuid.Zero
                ? $"its {LogDirectory.PartitionMetadataName} is missing or damaged, so nothing shows that its records are this topic's"
                : $"it is that of a deleted topic of this name, {log.TopicId}";
        string path = log.Path;
        if (log.IsUnmade)
        {
            directory.Delete(log);
            _fetchers.NodeLog.Info(
                $"{path} was being made for {log.Partition} when this node ended: it never held a record, and is made anew"
            );
        }
        else if (directory.SetAsStray(log) is { } kept)
        {
            if (log.TopicId == Uuid.Zero)
            {
                _lost.Add(new TopicIdPartition(topicId, log.Partition.Partition));
            }

            Warn(
                $"the log in {path} is not used for {log.Partition} of topic id {topicId}: {reason}. It was renamed to {kept} and can "
                    + $"be removed; this replica begins without records"
            );
        }
    }

    private bool Remove(TopicIdPartition id, WakeList wakes)
    {
        _unmade.TryRemove(id, out _);
        _lost.Forget(id);
        if (!_held.TryRemove(id, out Partition? partition))
        {
            return false;
        }

        _fetchers.Remove(partition);
        partition.Delete(wakes);
        return true;
    }

    /// <summary>The settings of topics in one image, each read once.</summary>
    private sealed class SettingsOfTopics(ITopicSettings source, MetadataImage image)
    {
        private readonly Dictionary<string, PartitionSettings> _read = new(StringComparer.Ordinal);

        public PartitionSettings Of(string topic)
        {
            if (!_read.TryGetValue(topic, out PartitionSettings? settings))
            {
                settings = source.For(topic, image);
                _read.Add(topic, settings);
            }

            return settings;
        }
    }
}
