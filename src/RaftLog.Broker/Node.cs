using RaftLog.Broker.Cluster;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Control;
using RaftLog.Broker.Formatting;
using RaftLog.Broker.Handlers;
using RaftLog.Broker.Lifecycle;
using RaftLog.Broker.Network;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Quorum;
using RaftLog.Broker.Requests;
using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Raft;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker;

/// <summary>
/// One node: broker, controller, or both. It wires the cores to the seams and starts and stops them in order; it holds no rule of its own. A node is
/// used once: made, started, stopped.
/// </summary>
public sealed class Node
{
    private const string SoftwareName = "raftlog";
    private static readonly string SoftwareVersion = typeof(Node).Assembly.GetName().Version!.ToString(3);

    private readonly NodeConfiguration _config;
    private readonly World _world;
    private readonly Journal _journal;
    private readonly Waiters _waiters;
    private readonly Supervisor _supervisor;
    private readonly BufferPool _buffers;
    private readonly EventLoop _loop;
    private readonly List<ListenerLoop> _listeners = [];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NodeStorage? _storage;
    private QuorumNode? _quorum;
    private QuorumPeers? _quorumPeers;
    private ControllerPeers? _controllers;
    private BrokerLifecycle? _lifecycle;
    private FollowerFetchers? _fetchers;
    private PartitionTable? _partitions;
    private IsrProposals? _proposals;
    private ReplicaDirectories? _replicaDirectories;
    private MetadataCache? _cache;

    /// <summary>A node that has not started.</summary>
    /// <param name="config">What it was told.</param>
    /// <param name="world">The seams.</param>
    /// <param name="journal">Its log for people.</param>
    public Node(NodeConfiguration config, World world, Journal journal)
    {
        _config = config;
        _world = world;
        _journal = journal;
        _waiters = new Waiters(world.Time);
        _supervisor = new Supervisor(world.Process);
        _buffers = new BufferPool(world.Time, BufferPoolLimits.Default);
        _loop = new EventLoop(_waiters);
    }

    /// <summary>Its id.</summary>
    public NodeId Id => _config.NodeId;

    /// <summary>
    /// True in a process of its own, which compiles code on first use: as soon as the node is ready, it uses what the first topic will need. It changes
    /// nothing that the node does.
    /// </summary>
    public bool Rehearses { get; init; }

    /// <summary>How far it has come.</summary>
    public NodeState State { get; private set; } = NodeState.Recovering;

    /// <summary>The quorum's leader as this node knows it, or none.</summary>
    public NodeId QuorumLeader => _controllers?.Leader ?? NodeId.None;

    /// <summary>What this node believes about the cluster.</summary>
    public MetadataImage Image => _cache?.Image ?? MetadataImage.Empty;

    /// <summary>Ends when the node serves clients, or for a mere controller when it knows the quorum's leader.</summary>
    public Task Ready => _ready.Task;

    /// <summary>The partitions that this node holds; null while there are none, for whoever watches it from outside.</summary>
    internal PartitionTable? Partitions => _partitions;

    private bool IsBroker => _config.Roles.HasFlag(ProcessRoles.Broker);

    private bool IsController => _config.Roles.HasFlag(ProcessRoles.Controller);

    /// <summary>Recovers the logs and joins the cluster; <see cref="Ready"/> ends later.</summary>
    /// <exception cref="NodeStartException">The node cannot start as it is told to; nothing has been written.</exception>
    public async Task StartAsync()
    {
        CheckPorts();
        NodeStorage storage = await NodeStorage.OpenAsync(_config, _world);
        try
        {
            IReadOnlyList<NodeId> voters = [.. _config.Quorum.Voters.Select(voter => voter.Id)];
            MetadataStore store = await MetadataStore.OpenAsync(storage.Metadata, _world.Disk, voters, MetadataOptions());
            if (IsBroker)
            {
                await storage.OpenLogsAsync(LogSettings.Default);
            }

            _storage = storage;
            State = NodeState.Joining;
            Wire(storage, store);
        }
        catch (Exception failure) when (failure is DiskException or LogDirectoryException or NetworkException)
        {
            EndLoops();
            storage.Abandon();
            _waiters.Dispose();
            throw NodeStorage.Refusal(_config, failure);
        }
    }

    /// <summary>
    /// A controlled stop: hands leaderships over while there is a controller to ask, gives up the quorum's leadership, closes connections, flushes, and leaves
    /// the mark of a clean stop.
    /// </summary>
    /// <param name="patience">How long the hand-over may take.</param>
    public async Task StopAsync(TimeSpan patience)
    {
        State = NodeState.Stopping;
        BrokerEpoch epoch = _lifecycle?.Epoch ?? BrokerEpoch.None;
        if (_lifecycle is not null)
        {
            await _lifecycle.LeaveAsync(_config.Lifecycle.ControlledShutdown ? patience : TimeSpan.Zero);
        }

        if (_quorum is not null)
        {
            await _quorum.ResignAsync();
        }

        EndLoops();
        if (_storage is not null)
        {
            foreach (LogDirectory directory in _storage.Directories)
            {
                await directory.CloseAsync(epoch);
            }
        }

        _waiters.Dispose();
        await _supervisor.WhenIdleAsync();
        _buffers.Dispose();
        State = NodeState.Stopped;
    }

    private void EndLoops()
    {
        _fetchers?.Stop();
        _proposals?.Stop();
        _replicaDirectories?.Stop();
        _listeners.ForEach(each => each.Stop());
        _loop.Stop();
        _quorumPeers?.Dispose();
        _controllers?.Dispose();
    }

    private void Wire(NodeStorage storage, MetadataStore store)
    {
        Chance chance = new(_world.Entropy);
        QuorumTimeouts timeouts = _config.Quorum.Timeouts;
        Dictionary<NodeId, NetworkAddress> voters = _config.Quorum.Voters.ToDictionary(
            voter => voter.Id, voter => new NetworkAddress(voter.Host, voter.Port));
        RpcConnector connector = new(
            _world.Network, _waiters, _buffers, _supervisor, new RpcOptions($"{SoftwareName}-{Id}"), SoftwareName, SoftwareVersion);
        TimeSpan requestTimeout = TimeSpan.FromMilliseconds(timeouts.RequestTimeoutMs);

        MetadataCache cache = new(_waiters, storage.ClusterId, Id);
        _cache = cache;
        Uuid incarnation = Chance.NewId(_world.Entropy);
        MetadataLoader loader = new(store.Log, update => Publish(cache, update, incarnation));
        RaftConfig raft = new(new ReplicaKey(Id, storage.Metadata.Meta.DirectoryId), new VoterSet(voters.Keys.Select(id => new ReplicaKey(id, Uuid.Zero))))
        {
            ElectionTimeoutMs = timeouts.ElectionTimeoutMs,
            FetchTimeoutMs = timeouts.FetchTimeoutMs,
            ElectionBackoffMaxMs = timeouts.ElectionBackoffMaxMs,
            RequestTimeoutMs = timeouts.RequestTimeoutMs,
            RetryBackoffMs = timeouts.RetryBackoffMs,
        };
        RaftCore core = new(raft, store.ReadElectionState(), store.Recovered(), chance, _loop.NowMs);
        QuorumEndpoint self = new(_config.Listeners.Controllers[0], voters.GetValueOrDefault(Id));
        QuorumPeers quorumPeers = new(
            _world.Network, connector, voters, new QuorumPeerOptions(storage.ClusterId, self, requestTimeout, timeouts.FetchMaxBytes, timeouts.FetchSnapshotMaxBytes));
        _quorumPeers = quorumPeers;
        ControllerPeers controllers = new(connector, voters, requestTimeout, _waiters);
        _controllers = controllers;
        QuorumNode quorum = new(_loop, core, store, loader, quorumPeers, _supervisor, _world.Time);
        _quorum = quorum;
        quorum.LeaderChanged = leader => LeaderChanged(controllers, leader);
        ClusterConfigs configs = new(_config.Configs, Id);

        ApiTable? controllerApis = null;
        if (IsController)
        {
            ActiveController active = new(
                _loop, quorum, ControllerOptionsOf(storage), new ConfigTable(_config.Configs), chance,
                new BrokerProbe(_world.Network, _supervisor, _config.Listeners.InterBroker, requestTimeout, _config.Lifecycle.FencingProbe), _journal);
            quorum.Controller = active;
            controllerApis = ControllerApis.Create(new ControllerParts(
                active, quorum, configs, storage.ClusterId, timeouts.FetchMaxBytes, () => cache.Image, () => controllers.Leader, _world.Time, () => _loop.NowMs));
        }

        ControllerChannel channel = new(Id, controllers, () => controllerApis, _waiters);
        LifecycleOptions lifecycleOptions = new(
            TimeSpan.FromMilliseconds(_config.Lifecycle.HeartbeatIntervalMs), requestTimeout, TimeSpan.FromMilliseconds(timeouts.RetryBackoffMs));
        if (IsBroker)
        {
            WireBroker(storage, cache, configs, connector, channel, incarnation, lifecycleOptions);
        }

        FlushDispatch flushes = new(store.Log, quorum, _partitions);
        foreach (LogDirectory directory in storage.Directories)
        {
            directory.Flusher.Observe(flushes);
            directory.Health.WentOffline += cause => DirectoryFailed(storage, directory, cause);
            _supervisor.Run($"log directory {directory.Path}", directory.RunAsync);
        }

        if (store.ReadLatestSnapshot() is { } snapshot)
        {
            loader.Load(snapshot.Records, new MetadataProvenance(snapshot.Id.EndOffset - 1, snapshot.Id.Epoch));
        }

        if (controllerApis is not null)
        {
            OpenListeners(controllerApis, isController: true, quota: null);
        }

        _supervisor.Run("metadata quorum", quorum.RunAsync);

        if (_lifecycle is not null)
        {
            _supervisor.Run("broker lifecycle", _lifecycle.RunAsync);
            _supervisor.Run("readiness", WatchReadinessAsync);
        }

        if (IsController)
        {
            ControllerEnrolment enrolment = new(Id, incarnation, EndpointsOf(isController: true), channel, lifecycleOptions, _waiters, _journal);
            _supervisor.Run("controller registration", enrolment.RunAsync);
        }
    }

    private void WireBroker(
        NodeStorage storage, MetadataCache cache, ClusterConfigs configs, RpcConnector connector, IControllerChannel channel, Uuid incarnation,
        LifecycleOptions lifecycleOptions)
    {
        BrokerIdentity identity = new(
            Id, storage.ClusterId, incarnation, EndpointsOf(isController: false), _config.Rack,
            [.. storage.Data.Select(each => each.Meta.DirectoryId)], storage.PreviousEpoch);
        BrokerLifecycle lifecycle = new(identity, cache, channel, lifecycleOptions, _waiters, _journal)
        {
            OfflineDirectories = () => [.. storage.Data.Where(each => each.Health.IsOffline).Select(each => each.Meta.DirectoryId)],
        };
        _lifecycle = lifecycle;

        ReplicationSettings replication = _config.Replication;
        TimeSpan requestTimeout = TimeSpan.FromMilliseconds(_config.Requests.TimeoutMs);
        _proposals = new IsrProposals(Id, () => lifecycle.Epoch, channel, requestTimeout, new AsyncSignal(_waiters));
        _fetchers = new FollowerFetchers(
            Id,
            connector,
            new BrokerAddresses(cache, _config.Listeners.InterBroker),
            _waiters,
            _supervisor,
            new FetcherOptions(
                TimeSpan.FromMilliseconds(replication.FetchWaitMaxMs),
                replication.FetchResponseMaxBytes,
                replication.FetchMaxBytes,
                TimeSpan.FromMilliseconds(replication.FetchBackoffMs),
                TimeSpan.FromMilliseconds(replication.SocketTimeoutMs)),
            _journal);
        PartitionHost host = new(Id, _waiters, new ReplicationTuning(replication.LagTimeMaxMs), _proposals);
        ReplicaDirectories replicaDirectories = new(Id, () => lifecycle.Epoch, channel, lifecycleOptions, new AsyncSignal(_waiters));
        _replicaDirectories = replicaDirectories;
        PartitionTable partitions = new(host, storage.Data, new TopicSettingsSource(configs, _config.BatchValidation), _fetchers)
        {
            Misplaced = replicaDirectories.Report,
        };
        _partitions = partitions;
        ProducerIdBlock producerIds = new(Id, () => lifecycle.Epoch, channel, requestTimeout);
        ApiTable apis = BrokerApis.Create(new BrokerParts(
            _config, _world, _waiters, _supervisor, _buffers, cache, new PartitionLookup(partitions, cache), storage.Data, configs, producerIds, channel));
        ConnectionQuota quota = new(() => configs.Connections(cache.Image), _journal);
        lifecycle.BeginServing = async () =>
        {
            await _loop.CallAsync(() =>
            {
                partitions.SetAsideStrays();
                return true;
            });
            OpenListeners(apis, isController: false, quota);
        };
        _supervisor.Run("in-sync set proposals", _proposals.RunAsync);
        _supervisor.Run("directories of replicas", replicaDirectories.RunAsync);
        _supervisor.Run("partition clock", partitions.RunAsync);
    }

    private void Publish(MetadataCache cache, MetadataUpdate update, Uuid incarnation)
    {
        cache.Publish(update.Image);
        _lifecycle?.MetadataChanged(update.Image);
        BrokerEpoch registeredAs = update.Image.Brokers.TryGetValue(Id, out BrokerRegistration? registration) && registration.IncarnationId == incarnation
            ? registration.Epoch
            : BrokerEpoch.None;
        _partitions?.Apply(update.Image, update.Changes, registeredAs);
    }

    private void BecomeReady()
    {
        State = NodeState.Running;
        if (_ready.TrySetResult() && Rehearses)
        {
            _supervisor.Run("rehearsal", RehearseAsync);
        }
    }

    private async Task RehearseAsync()
    {
        // Behind the start, not in it.
        await Task.Yield();
        MetadataRehearsal.Run(IsController ? ControllerOptionsOf(_storage!) : null, new ConfigTable(_config.Configs));
    }

    private void LeaderChanged(ControllerPeers controllers, LeaderAndEpoch leader)
    {
        _journal.Info(leader.Leader.IsNode ? $"node {leader.Leader} leads the quorum in epoch {leader.Epoch}" : $"nobody leads the quorum in epoch {leader.Epoch}");
        controllers.LeaderChanged(leader.Leader);
        if (!IsBroker && leader.Leader.IsNode)
        {
            BecomeReady();
        }
    }

    private async Task WatchReadinessAsync()
    {
        if (await _lifecycle!.WhenRunning)
        {
            BecomeReady();
        }
    }

    // What was written there may be lost, so nothing more is served from the directory: the controller moves its leaderships away. A node goes on with
    // the others; without its metadata log, which must never lose a vote, or without any directory for data, it stops (ARCHITECTURE D6).
    private void DirectoryFailed(NodeStorage storage, LogDirectory directory, DiskException cause)
    {
        _journal.Error($"log directory {directory.Path} is offline until the node is started again: {cause.Message}");
        bool holdsMetadata = ReferenceEquals(directory, storage.Metadata);
        if (holdsMetadata || storage.Data.All(each => each.Health.IsOffline))
        {
            string loss = holdsMetadata ? "with the metadata log" : "as the last of log.dirs";
            _world.Process.Halt($"log directory {directory.Path} {loss} failed: {cause.Message}. {DiskException.Remedy}");
        }

        _lifecycle?.DirectoriesChanged();
    }

    private void CheckPorts()
    {
        foreach (Listener listener in _config.Listeners.All)
        {
            try
            {
                _world.Network.Listen(new NetworkAddress(listener.Host, listener.Port)).Dispose();
            }
            catch (NetworkException taken)
            {
                throw new NodeStartException($"node {Id} cannot open its listener {listener.Name}: {taken.Message}", taken);
            }
        }
    }

    private void OpenListeners(ApiTable apis, bool isController, ConnectionQuota? quota)
    {
        List<Listener> listeners = [.. _config.Listeners.All.Where(each => _config.Listeners.IsController(each.Name) == isController)];
        foreach (Listener listener in listeners)
        {
            // As in Kafka: clients cannot keep nodes from each other where those have a listener of their own.
            bool isCounted = listeners.Count == 1 || listener.Name != _config.Listeners.InterBroker;
            ConnectionRules rules = new(
                _config.Sockets.RequestMaxBytes, TimeSpan.FromMilliseconds(_config.Sockets.MaxIdleMs), isCounted ? quota : null);
            ListenerLoop loop = new(
                _world.Network.Listen(new NetworkAddress(listener.Host, listener.Port)),
                listener.Name,
                apis,
                rules,
                _buffers,
                _waiters,
                _supervisor,
                _journal);
            _listeners.Add(loop);
            loop.Start();
            _journal.Info($"listener {listener.Name} is open on {loop.Address}");
        }
    }

    private List<Endpoint> EndpointsOf(bool isController)
    {
        const short plaintext = 0;
        return
        [
            .. _config.Listeners.Advertised
                .Where(each => _config.Listeners.IsController(each.Name) == isController)
                .Select(each => new Endpoint(each.Name, each.Host, (ushort)each.Port, plaintext)),
        ];
    }

    private MetadataStoreOptions MetadataOptions() => new(
        _config.MetadataLog.SegmentBytes,
        _config.MetadataLog.SegmentMs,
        _config.MetadataLog.MaxRecordBytesBetweenSnapshots,
        _config.MetadataLog.MaxSnapshotIntervalMs,
        _config.MetadataLog.MaxRetentionBytes);

    private ControllerOptions ControllerOptionsOf(NodeStorage storage)
    {
        IReadOnlyDictionary<string, short> features = StorageFormatter.ReadFeatures(storage.Metadata.Path, _world.Disk);
        return new ControllerOptions
        {
            ClusterId = storage.ClusterId,
            SessionTimeoutMs = _config.Lifecycle.SessionTimeoutMs,
            ImbalanceCheckMs = _config.Lifecycle.RebalanceLeaders ? _config.Lifecycle.RebalanceIntervalSeconds * 1000L : 0,
            MaxIdleMs = _config.MetadataLog.MaxIdleIntervalMs,
            DefaultPartitions = _config.Topics.Partitions,
            DefaultReplicationFactor = (short)_config.Topics.ReplicationFactor,
            DeleteTopicEnabled = _config.Topics.Deletable,
            BootstrapVersion = new MetadataVersion(features.GetValueOrDefault(MetadataVersion.FeatureName, MetadataVersion.Newest.Level)),
            BootstrapFeatures = [.. features.Where(each => each.Key != MetadataVersion.FeatureName)],
            SupportedFeatures = [.. Features.Supported],
        };
    }
}
