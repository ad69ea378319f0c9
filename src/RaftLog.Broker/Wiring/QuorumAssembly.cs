using RaftLog.Broker.Cluster;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Control;
using RaftLog.Broker.Formatting;
using RaftLog.Broker.Lifecycle;
using RaftLog.Broker.Network;
using RaftLog.Broker.Quorum;
using RaftLog.Broker.Requests;
using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Raft;

namespace RaftLog.Broker.Wiring;

/// <summary>
/// Puts together what a node is to the metadata quorum: the Raft core with its log and peers, and on a voter the controller.
/// </summary>
internal sealed class QuorumAssembly : IDisposable
{
    private readonly NodeContext _node;
    private readonly EventLoop _loop;
    private readonly MetadataStore _store;
    private readonly MetadataLoader _loader;
    private readonly QuorumPeers _peers;
    private readonly ControllerPeers _controllers;
    private readonly ApiTable? _apis;
    private long _elections;

    public QuorumAssembly(
        NodeContext node,
        NodeStorage storage,
        MetadataStore store,
        RpcConnector connector,
        MetadataCache cache,
        ClusterConfigs configs,
        Action<MetadataUpdate> publish,
        Readiness readiness
    )
    {
        _node = node;
        _store = store;
        _loop = new EventLoop(node.Waiters) { Warn = node.NodeLog.Warn };
        QuorumTimeouts timeouts = node.Config.Quorum.Timeouts;
        TimeSpan requestTimeout = TimeSpan.FromMilliseconds(timeouts.RequestTimeoutMs);
        Dictionary<NodeId, NetworkAddress> voters = node.Config.Quorum.Voters.ToDictionary(
            voter => voter.Id,
            voter => new NetworkAddress(voter.Host, voter.Port)
        );
        NodeRandom chance = new(node.World.Entropy);
        _loader = new MetadataLoader(store.Log, publish);
        _controllers = new ControllerPeers(connector, voters, requestTimeout, node.Waiters);
        _peers = new QuorumPeers(
            node.World.Network,
            connector,
            voters,
            new QuorumPeerOptions(
                storage.ClusterId,
                new QuorumEndpoint(node.Config.Listeners.Controllers[0], voters.GetValueOrDefault(node.Self)),
                requestTimeout,
                timeouts.FetchMaxBytes,
                timeouts.FetchSnapshotMaxBytes
            )
        );
        RaftConfig raft = new(
            new ReplicaKey(node.Self, storage.Metadata.Meta.DirectoryId),
            new VoterSet(voters.Keys.Select(id => new ReplicaKey(id, Uuid.Zero)))
        )
        {
            ElectionTimeoutMs = timeouts.ElectionTimeoutMs,
            FetchTimeoutMs = timeouts.FetchTimeoutMs,
            ElectionBackoffMaxMs = timeouts.ElectionBackoffMaxMs,
            RequestTimeoutMs = timeouts.RequestTimeoutMs,
            RetryBackoffMs = timeouts.RetryBackoffMs,
        };
        RaftCore core = new(raft, store.ReadElectionState(), store.Recovered(), chance, _loop.NowMs);
        MetadataLogWriter writer = new(_loop, core, store.Log, _loader, node.World.Time);
        ActiveController? active = null;
        if (node.IsController)
        {
            ControllerOptions = ControllerOptionsOf(node, storage);
            active = new ActiveController(
                _loop,
                writer,
                ControllerOptions,
                new ConfigTable(node.Config.Configs),
                chance,
                new BrokerProbe(
                    node.World.Network,
                    node.Supervisor,
                    node.Waiters,
                    node.Config.Listeners.InterBroker,
                    requestTimeout,
                    node.Config.Lifecycle.FencingProbe
                ),
                node.NodeLog
            )
            {
                Activated = _controllers.ControllerActivated,
            };
        }

        Quorum = new QuorumNode(
            _loop,
            core,
            store,
            writer,
            _loader,
            _peers,
            active,
            leader => LeaderChanged(leader, readiness),
            node.Supervisor
        );
        if (active is not null)
        {
            _apis = ControllerApis.Create(
                new ControllerParts(
                    active,
                    Quorum,
                    configs,
                    storage.ClusterId,
                    timeouts.FetchMaxBytes,
                    () => cache.Image,
                    () => _controllers.Leader,
                    node.World.Time,
                    () => _loop.NowMs
                )
            );
        }

        Channel = new ControllerChannel(node.Self, _controllers, () => _apis, node.Waiters);
        Lifecycle = new LifecycleOptions(
            TimeSpan.FromMilliseconds(node.Config.Lifecycle.HeartbeatIntervalMs),
            requestTimeout,
            TimeSpan.FromMilliseconds(timeouts.RetryBackoffMs)
        );
    }

    /// <summary>Raised in the quorum's event loop when this node has heard of a leader; a handler only notes it.</summary>
    public event Action? LeaderFound;

    /// <summary>The quorum's shell.</summary>
    public QuorumNode Quorum { get; }

    /// <summary>The way to the active controller.</summary>
    public IControllerChannel Channel { get; }

    /// <summary>The times of requests to the controller.</summary>
    public LifecycleOptions Lifecycle { get; }

    /// <summary>How this node would control a cluster; null on one that does not vote.</summary>
    public ControllerOptions? ControllerOptions { get; }

    /// <summary>What a controller's listener serves; null on a node that does not vote.</summary>
    public ApiTable? Apis => _apis;

    /// <summary>What the quorum's event loop has counted.</summary>
    public EventLoopCounters Loop => _loop.Counters;

    /// <summary>How often this node has heard of a new leader of the quorum.</summary>
    public long Elections => Volatile.Read(ref _elections);

    /// <summary>The quorum's leader as this node knows it, or none.</summary>
    public NodeId Leader => _controllers.Leader;

    /// <summary>Reads the newest snapshot, opens the controller's ports and takes part in the quorum.</summary>
    public void Start(NodeListeners listeners, Uuid incarnation)
    {
        if (_store.ReadLatestSnapshot() is { } snapshot)
        {
            _loader.Load(snapshot.Records, new MetadataProvenance(snapshot.Id.EndOffset - 1, snapshot.Id.Epoch));
        }

        if (_apis is not null)
        {
            listeners.OpenForControllers(_apis);
            ControllerEnrolment enrolment = new(
                _node.Self,
                incarnation,
                listeners.Endpoints(isController: true),
                Channel,
                Lifecycle,
                _node.Waiters,
                _node.NodeLog
            );
            _node.Supervisor.Run("controller registration", enrolment.RunAsync);
        }

        _node.Supervisor.Run("metadata quorum", Quorum.RunAsync);
    }

    /// <summary>Ends the loop and the connections to other voters.</summary>
    public void Dispose()
    {
        _loop.Stop();
        _peers.Dispose();
        _controllers.Dispose();
    }

    private void LeaderChanged(LeaderAndEpoch leader, Readiness readiness)
    {
        _node.NodeLog.Info(
            leader.Leader.IsNode
                ? $"node {leader.Leader} leads the quorum in epoch {leader.Epoch}"
                : $"nobody leads the quorum in epoch {leader.Epoch}"
        );
        _controllers.LeaderChanged(leader.Leader);
        Volatile.Write(ref _elections, leader.Leader.IsNode ? _elections + 1 : _elections);
        if (leader.Leader.IsNode)
        {
            LeaderFound?.Invoke();
        }

        if (!_node.IsBroker && leader.Leader.IsNode)
        {
            readiness.Running();
        }
    }

    private static ControllerOptions ControllerOptionsOf(NodeContext node, NodeStorage storage)
    {
        NodeConfiguration config = node.Config;
        IReadOnlyDictionary<string, short> features = StorageFormatter.ReadFeatures(storage.Metadata.Path, node.World.Disk);
        return new ControllerOptions
        {
            ClusterId = storage.ClusterId,
            SessionTimeoutMs = config.Lifecycle.SessionTimeoutMs,
            ImbalanceCheckMs = config.Lifecycle.RebalanceLeaders ? config.Lifecycle.RebalanceIntervalSeconds * 1000L : 0,
            MaxIdleMs = config.MetadataLog.MaxIdleIntervalMs,
            DefaultPartitions = config.Topics.Partitions,
            DefaultReplicationFactor = (short)config.Topics.ReplicationFactor,
            DeleteTopicEnabled = config.Topics.Deletable,
            BootstrapVersion = new MetadataVersion(features.GetValueOrDefault(MetadataVersion.FeatureName, MetadataVersion.Newest.Level)),
            BootstrapFeatures = [.. features.Where(each => each.Key != MetadataVersion.FeatureName)],
            SupportedFeatures = [.. Features.Settable],
        };
    }
}
