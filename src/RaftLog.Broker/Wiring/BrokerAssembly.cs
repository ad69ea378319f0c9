using RaftLog.Broker.Cluster;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Coordination;
using RaftLog.Broker.Handlers;
using RaftLog.Broker.Lifecycle;
using RaftLog.Broker.Maintenance;
using RaftLog.Broker.Metadata;
using RaftLog.Broker.Network;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Broker.Wiring;

/// <summary>
/// Puts together what a node is to clients: its partitions, the fetchers that follow other leaders, its life as the controller sees it, its
/// APIs.
/// </summary>
internal sealed class BrokerAssembly
{
    private readonly NodeContext _node;
    private readonly IsrProposals _proposals;
    private readonly FollowerFetchers _fetchers;
    private readonly ReplicaDirectories _replicaDirectories;
    private readonly CoordinatorShards<GroupShardState>? _groupShards;
    private readonly TransactionAssembly? _transactions;
    private readonly ApiTable _apis;
    private readonly ConnectionQuota _quota;
    private readonly LogMaintenance _maintenance;

    public BrokerAssembly(
        NodeContext node,
        NodeStorage storage,
        RpcConnector connector,
        QuorumAssembly quorum,
        MetadataPublisher publisher,
        MetadataCache cache,
        LostBrokers lost,
        ClusterConfigs configs,
        DirectoryFailures failures,
        NodeListeners listeners,
        Uuid incarnation
    )
    {
        _node = node;
        BrokerIdentity identity = new(
            node.Self,
            storage.ClusterId,
            incarnation,
            listeners.Endpoints(isController: false),
            node.Config.Rack,
            [.. storage.Data.Select(each => each.Meta.DirectoryId)],
            storage.PreviousEpoch
        );
        OpenFileLimit openFiles = new(node.World.Disk.DescriptorLimit);
        Lifecycle = new BrokerLifecycle(identity, publisher, quorum.Channel, quorum.Lifecycle, node.Waiters, node.NodeLog)
        {
            BeginServing = async () =>
            {
                await publisher.CallAsync(Partitions!.SetAsideStrays);
                if (openFiles.WarningFor(Partitions.All.Count) is { } warning)
                {
                    node.NodeLog.Warn(warning);
                }

                listeners.OpenForClients(_apis!, _quota!);
            },
            OfflineDirectories = () => failures.Offline,
            CordonedDirectories = () => cache.Image.Version.TracksCordonedDirectories ? Partitions!.Places.Cordoned : null,
        };
        failures.Changed += Lifecycle.DirectoriesChanged;
        quorum.LeaderFound += Lifecycle.ControllerChanged;
        failures.Changed += () => publisher.Post(_fetchers!.Reconsider);

        ReplicationSettings replication = node.Config.Replication;
        TimeSpan requestTimeout = TimeSpan.FromMilliseconds(node.Config.Requests.TimeoutMs);
        _proposals = new IsrProposals(node.Self, () => Lifecycle.Epoch, quorum.Channel, requestTimeout, new AsyncSignal(node.Waiters));
        _fetchers = new FollowerFetchers(
            node.Self,
            connector,
            new BrokerAddresses(cache, node.Config.Listeners.InterBroker),
            node.Waiters,
            node.Supervisor,
            new FetcherOptions(
                TimeSpan.FromMilliseconds(replication.FetchWaitMaxMs),
                replication.FetchResponseMaxBytes,
                replication.FetchMaxBytes,
                TimeSpan.FromMilliseconds(replication.FetchBackoffMs),
                TimeSpan.FromMilliseconds(replication.SocketTimeoutMs)
            ),
            node.NodeLog
        );
        _replicaDirectories = new ReplicaDirectories(
            node.Self,
            () => Lifecycle.Epoch,
            quorum.Channel,
            quorum.Lifecycle,
            new AsyncSignal(node.Waiters)
        );
        PartitionHost host = new(node.Self, node.Waiters, new ReplicationTuning(replication.LagTimeMaxMs), _proposals);
        Counters = host.Counters;
        Partitions = new PartitionTable(
            host,
            storage.Data,
            new TopicSettingsSource(configs, node.Config.BatchValidationSettings),
            _fetchers,
            node.Supervisor,
            input => publisher.Post(input)
        )
        {
            Misplaced = _replicaDirectories.Report,
            Cordoned = () => Lifecycle.DirectoriesChanged(),
            Warn = node.NodeLog.Warn,
            OnApplied = partition =>
            {
                _groupShards?.Update(partition);
                _transactions?.Shards.Update(partition);
            },
        };
        _maintenance = new LogMaintenance(node, Partitions, cache, configs);
        ClusterTopics topics = new();
        GroupSettingsSource groupSettings = new(node.Config.Groups, configs, cache);
        _groupShards = new CoordinatorShards<GroupShardState>(
            InternalTopics.ConsumerOffsets,
            (_, _) => new GroupShardState(groupSettings, topics),
            new CoordinatorOptions(TimeSpan.FromMilliseconds(node.Config.Groups.CommitTimeoutMs)),
            node.Waiters,
            node.Supervisor,
            node.NodeLog
        );
        GroupCoordinator groups = new(_groupShards, node.World.Entropy);
        ProducerIdBlock producerIds = new(node.Self, () => Lifecycle.Epoch, quorum.Channel, requestTimeout);
        PartitionLookup lookup = new(Partitions, cache);
        _transactions = new TransactionAssembly(
            node,
            connector,
            cache,
            configs,
            lookup,
            producerIds,
            requestTimeout,
            groups.AppendMarkerAsync
        );
        _apis = BrokerApis.Create(
            new BrokerParts(
                node.Config,
                node.World,
                node.Waiters,
                node.Supervisor,
                node.NodeLog,
                node.ClientWarnings,
                cache,
                lost,
                publisher,
                lookup,
                Partitions,
                storage.Data,
                configs,
                producerIds,
                groups,
                _transactions,
                quorum.Channel
            )
        );
        _quota = new ConnectionQuota(() => configs.Connections(cache.Image), node.NodeLog) { Descriptors = openFiles };
        publisher.Add(Lifecycle);
        publisher.Add(topics);
        publisher.Add(new PartitionUpdates(Partitions, node.Self, incarnation));
        publisher.Add(_groupShards);
        publisher.Add(groups);
        publisher.Add(_transactions.Shards);
    }

    /// <summary>The broker's life as the controller sees it.</summary>
    public BrokerLifecycle Lifecycle { get; }

    /// <summary>What the client's listeners serve.</summary>
    public ApiTable Apis => _apis;

    /// <summary>What the partitions count.</summary>
    public PartitionCounters Counters { get; }

    /// <summary>The partitions that this node holds.</summary>
    public PartitionTable Partitions { get; }

    /// <summary>Starts all loops.</summary>
    public void Start(Readiness readiness)
    {
        _node.Supervisor.Run("in-sync set proposals", _proposals.RunAsync);
        _node.Supervisor.Run("directories of replicas", _replicaDirectories.RunAsync);
        _node.Supervisor.Run("partition clock", Partitions.RunAsync);
        _node.Supervisor.Run("moves between log directories", Partitions.Mover.RunAsync);
        _maintenance.Start();
        _node.Supervisor.Run("broker lifecycle", Lifecycle.RunAsync);
        _node.Supervisor.Run("readiness", () => readiness.WatchAsync(Lifecycle));
    }

    /// <summary>Ends the loops that speak to other nodes.</summary>
    public void Stop()
    {
        _maintenance.Stop();
        _groupShards?.Stop();
        _transactions?.Stop();
        _fetchers.Stop();
        Partitions.Mover.Stop();
        _proposals.Stop();
        _replicaDirectories.Stop();
    }
}
