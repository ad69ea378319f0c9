using RaftLog.Broker.Cluster;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Control;
using RaftLog.Broker.Lifecycle;
using RaftLog.Broker.Memory;
using RaftLog.Broker.Metadata;
using RaftLog.Broker.Metrics;
using RaftLog.Broker.Network;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Quorum;
using RaftLog.Broker.Runtime;
using RaftLog.Broker.Wiring;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker;

/// <summary>
/// One node: broker, controller, or both. It wires the cores to the seams and starts and stops them in order; it holds no rule of its own.
/// A node is used once: made, started, stopped.
/// </summary>
public sealed class Node
{
    private const string SoftwareName = "raftlog";
    internal const string LastStopStep = "waiting for what still runs";
    private static readonly TimeSpan ResignLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LoopLimit = TimeSpan.FromSeconds(5);
    private static readonly string SoftwareVersion = typeof(Node).Assembly.GetName().Version!.ToString(3);

    /// <summary>How long a stop waits for voters that do not answer: one that does is enough for an election.</summary>
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromMilliseconds(500);

    private readonly DescriptorShortage _shortage;
    private readonly NodeContext _node;
    private readonly NodeListeners _listeners;
    private readonly Readiness _readiness;

    private NodeStorage? _storage;
    private MetadataCache? _cache;
    private MetadataPublisher? _publisher;
    private QuorumAssembly? _quorum;
    private BrokerAssembly? _broker;
    private NodeMeter? _meter;

    /// <summary>A node that has not started.</summary>
    /// <param name="config">What it was told.</param>
    /// <param name="world">The seams.</param>
    /// <param name="nodeLog">Its log for people.</param>
    public Node(NodeConfiguration config, World world, NodeLog nodeLog)
    {
        _shortage = new DescriptorShortage(
            world.Time,
            rejected =>
                nodeLog.Error(
                    $"{rejected.Message}; {rejected.WayOut}. What needs one waits, and goes on when a file or a connection is closed"
                )
        );
        _node = new NodeContext(
            config,
            world with
            {
                Disk = new DescriptorCache(world.Disk, _shortage),
            },
            nodeLog,
            new Waiters(world.Time),
            new Supervisor(world.Process),
            new MemoryBudgets(config.Memory, world.Time)
        );
        _listeners = new NodeListeners(_node);
        _readiness = new Readiness(_node.Supervisor, WarmUp);
    }

    /// <summary>Its id.</summary>
    public NodeId Id => _node.Self;

    /// <summary>
    /// True in a process of its own, which compiles code on first use: as soon as the node is ready, it uses what the first topic will
    /// need. It changes nothing that the node does.
    /// </summary>
    public bool WarmsUpJit { get; init; }

    /// <summary>
    /// True where <c>System.Diagnostics.Metrics</c> shows what the node counts, under the name <see cref="NodeMeter.Name"/>. Such a node
    /// must be stopped: until then what it shows stays.
    /// </summary>
    public bool IsMeasured { get; init; }

    /// <summary>How far it has come.</summary>
    public NodeState State => _readiness.State;

    /// <summary>The quorum's leader as this node knows it, or none.</summary>
    public NodeId QuorumLeader => _quorum?.Leader ?? NodeId.None;

    /// <summary>What this node believes about the cluster.</summary>
    public MetadataImage Image => _cache?.Image ?? MetadataImage.Empty;

    /// <summary>Ends when the node serves clients, or for a mere controller when it knows the quorum's leader.</summary>
    public Task Ready => _readiness.Ready;

    /// <summary>The partitions that this node holds; null while there are none, for whoever watches it from outside.</summary>
    internal PartitionTable? Partitions => _broker?.Partitions;

    /// <summary>Recovers the logs and joins the cluster; <see cref="Ready"/> ends later.</summary>
    /// <exception cref="NodeStartException">The node cannot start as it is told to; nothing has been written.</exception>
    public async Task StartAsync()
    {
        _listeners.Check();
        NodeStorage storage = await NodeStorage.OpenAsync(_node.Config, _node.World);
        try
        {
            IReadOnlyList<NodeId> voters = [.. _node.Config.Quorum.Voters.Select(voter => voter.Id)];
            MetadataStore store = await MetadataStore.OpenAsync(
                storage.Metadata,
                _node.World.Disk.WithOwnFlushes(keepsFilesOpen: true),
                voters,
                MetadataOptions(_node.Config.MetadataLog),
                _node.NodeLog.Warn
            );
            if (_node.IsBroker)
            {
                await storage.OpenLogsAsync(LogSettings.Default, _node.World.Time);
                TellOfDuplicates(storage);
            }

            TellOfDamage(storage);
            _storage = storage;
            _readiness.Joining();
            Wire(storage, store);
        }
        catch (Exception failure) when (failure is DiskException or LogDirectoryException or NetworkException)
        {
            EndLoops();
            _shortage.Stop();
            storage.Abandon();
            _node.Waiters.Dispose();
            throw NodeStorage.Rejection(_node.Config, failure);
        }
    }

    private void TellOfDamage(NodeStorage storage)
    {
        foreach (string path in storage.Directories.SelectMany(static directory => directory.DamagedFiles))
        {
            _node.NodeLog.Warn(
                $"{path} was damaged or gone although the node had stopped in order. What it said is made anew from the logs as far as "
                    + "they tell it; where it said where a log begins, records that DeleteRecords had removed may be seen again. Look for "
                    + "what changed it: raftlog log verify reads all files of a stopped node"
            );
        }
    }

    private void TellOfDuplicates(NodeStorage storage)
    {
        foreach ((PartitionLog log, string? path) in storage.Duplicates)
        {
            _node.NodeLog.Warn(
                $"two log directories hold {log.Partition}: the node ended while it was moved. The log that goes further is used; the "
                    + $"other was renamed to {path} and can be removed"
            );
        }
    }

    /// <summary>
    /// The longest that <see cref="StopAsync"/> takes, whatever hangs: its patience, and the bounds of its steps, each of which is a few
    /// milliseconds long on a machine that answers.
    /// </summary>
    /// <param name="patience">How long the hand-over may take.</param>
    public static TimeSpan StopLimit(TimeSpan patience) => patience + ResignLimit + CloseLimit + LoopLimit;

    /// <summary>
    /// A controlled stop: hands leaderships over while there is a controller to ask, gives up the quorum's leadership, closes connections,
    /// flushes, and leaves the mark of a clean stop. It ends within <see cref="StopLimit"/>; what a disk has not flushed by then is scanned
    /// at the next start.
    /// </summary>
    /// <param name="patience">How long the hand-over may take.</param>
    public async Task StopAsync(TimeSpan patience)
    {
        _readiness.Stopping();
        BrokerEpoch epoch = BrokerEpoch.None;
        if (_broker is not null)
        {
            epoch = _broker.Lifecycle.Epoch;
            await _broker.Lifecycle.LeaveAsync(_node.Config.Lifecycle.ControlledShutdown ? patience : TimeSpan.Zero);
        }

        StopSteps steps = new(_node.World.Time, _node.NodeLog);
        if (_quorum is not null)
        {
            await steps.RunAsync(
                "giving up the quorum's leadership",
                ResignLimit,
                _quorum.Quorum.ResignAsync(_node.Waiters.Rent(FarewellLimit))
            );
        }

        EndLoops();
        if (_storage is not null)
        {
            await steps.RunAsync("flushing and closing the log directories", CloseLimit, _storage.CloseAsync(epoch));
        }

        // Not before: the connections that were closed give back descriptors.
        _shortage.Stop();

        _node.Waiters.Dispose();
        _meter?.Dispose();
        if (await steps.RunAsync(LastStopStep, LoopLimit, _node.Supervisor.WhenIdleAsync(), () => _node.Supervisor.Unfinished))
        {
            _node.Memory.Dispose();
        }

        _readiness.Stopped();
    }

    private Action? WarmUp() =>
        WarmsUpJit && _quorum is { } quorum ? () => JitWarmup.Run(quorum.ControllerOptions, new ConfigTable(_node.Config.Configs)) : null;

    private void EndLoops()
    {
        _broker?.Stop();
        _listeners.Stop();
        _quorum?.Dispose();
        _publisher?.Stop();
    }

    private void Wire(NodeStorage storage, MetadataStore store)
    {
        Uuid incarnation = NodeRandom.NewId(_node.World.Entropy);
        RpcConnector connector = new(
            _node.World.Network,
            _node.Waiters,
            _node.Memory.Replication,
            _node.Supervisor,
            new RpcOptions($"{SoftwareName}-{Id}"),
            SoftwareName,
            SoftwareVersion
        );
        MetadataCache cache = new(_node.Waiters, storage.ClusterId, Id);
        _cache = cache;
        ClusterConfigs configs = new(_node.Config.Configs, Id);
        MetadataPublisher publisher = new(_node.Waiters);
        _publisher = publisher;
        LostBrokers lost = new(_node.World.Time, TimeSpan.FromMilliseconds(_node.Config.Lifecycle.SessionTimeoutMs));
        publisher.Add(lost);
        publisher.Add(cache);
        DirectoryFailures failures = new(storage, _node.NodeLog, _node.World.Process);
        QuorumAssembly quorum = new(_node, storage, store, connector, cache, configs, publisher.Publish, _readiness);
        _quorum = quorum;
        if (_node.IsBroker)
        {
            _broker = new BrokerAssembly(
                _node,
                storage,
                connector,
                quorum,
                publisher,
                cache,
                lost,
                configs,
                failures,
                _listeners,
                incarnation
            );
        }

        if (IsMeasured)
        {
            _meter = new NodeMeter(_node, storage, _listeners, quorum, publisher, _broker);
        }

        failures.Watch();
        storage.Metadata.MetadataFlusher?.Observe(quorum.Quorum);
        storage.Decompression.Exhausted += bytes =>
            _node.ClientWarnings.Warn(
                ClientFault.NoDecompression,
                $"no memory to look into a compressed batch that needs {bytes} bytes of it: raftlog.decompression.buffer.bytes = "
                    + $"{storage.Decompression.MaxBytes} are in use; the batch is rejected and may be sent again"
            );
        foreach (LogDirectory directory in storage.Directories)
        {
            if (_broker is { } broker)
            {
                directory.Flusher.Observe(broker.Partitions);
            }

            _node.Supervisor.Run($"log directory {directory.Path}", directory.RunAsync);
        }

        _node.Supervisor.Run("metadata publisher", publisher.RunAsync);
        _node.Supervisor.Run("watch over flushes", new FlushWatch(storage.Directories, _node.Waiters, _node.NodeLog).RunAsync);
        quorum.Start(_listeners, incarnation);
        _broker?.Start(_readiness);
    }

    private static MetadataStoreOptions MetadataOptions(MetadataLogSettings settings) =>
        new(
            settings.SegmentBytes,
            settings.SegmentMs,
            settings.MaxRecordBytesBetweenSnapshots,
            settings.MaxSnapshotIntervalMs,
            settings.MaxRetentionBytes
        );
}
