using RaftLog.Broker.Cluster;
using RaftLog.Broker.Fetching;
using RaftLog.Broker.Handlers;
using RaftLog.Broker.Metadata;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Tests.Partitions;

/// <summary>
/// A few nodes with real logs on disks that can lose power, one network, one clock and one thread. The test is the controller: it writes
/// the metadata log, and says who hears of it when.
/// </summary>
internal sealed class TestCluster : IDisposable
{
    public static readonly Uuid OrdersId = new(7, 9);
    public static readonly TopicPartition Orders = new("orders", 0);
    private readonly MetadataReplay _metadata = new();

    public TestCluster(int nodes)
    {
        Network = new InMemoryNetwork(Time);
        Pump.Start(() =>
        {
            Nodes = [.. Enumerable.Range(0, nodes).Select(id => new TestNode(id, this))];
            return 0;
        });
        foreach (TestNode node in Nodes)
        {
            Register(node);
        }

        TellAll();
    }

    public Pump Pump { get; } = new();

    public ManualTime Time { get; } = new();

    public InMemoryNetwork Network { get; }

    public TestNode[] Nodes { get; private set; } = [];

    public MetadataImage Image => _metadata.Image;

    public ReplicationTuning Tuning { get; } = new(MaxLagMs: 1_000, ProposalBackoffMs: 100);

    public int MinInSync { get; set; } = 1;

    /// <summary>How many fetch sessions a node keeps that starts from now on.</summary>
    public int FetchSessionSlots { get; set; } = 10;

    public LogSettings LogSettings { get; set; } = LogSettings.Default;

    public RetentionLimits Retention { get; set; } = RetentionLimits.None;

    public CleaningSettings? Cleaning { get; set; }

    public ThrottledReplicas Throttled { get; set; }

    public ThrottledReplicas ThrottledLeaders { get; set; }

    public long? ThrottledBytesPerSecond { get; private set; }

    /// <summary>Limits throttled replicas of all nodes; nobody has heard of it yet.</summary>
    public void Limit(long? bytesPerSecond)
    {
        ThrottledBytesPerSecond = bytesPerSecond;
        Commit(
            new ConfigRecord
            {
                ResourceType = (sbyte)ConfigResourceType.Broker,
                ResourceName = "",
                Name = "follower.replication.throttled.rate",
                Value = $"{bytesPerSecond}",
            }
        );
    }

    /// <summary>The controller registers a node's present incarnation, and the node knows.</summary>
    public void Register(TestNode node)
    {
        node.RegisteredAs = new BrokerEpoch(Image.Provenance.EndOffset.Value);
        Commit(
            new RegisterBrokerRecord
            {
                BrokerId = node.Id,
                BrokerEpoch = node.RegisteredAs,
                Fenced = false,
                LogDirs = [new Uuid(100, (ulong)node.Id.Value)],
                EndPoints =
                [
                    new()
                    {
                        Name = "PLAINTEXT",
                        Host = node.Address.Host,
                        Port = (ushort)node.Address.Port,
                    },
                ],
            }
        );
    }

    /// <summary>Writes records to the metadata log. Nobody has heard of them yet.</summary>
    public void Commit(params IMetadataRecord[] records) => _metadata.Append(records);

    /// <summary>Makes a topic whose partitions all have these replicas, in sync, led by the first.</summary>
    public void Create(string topic, Uuid id, int partitions, params int[] replicas)
    {
        Commit(new TopicRecord { Name = topic, TopicId = id });
        for (int index = 0; index < partitions; index++)
        {
            Commit(
                new PartitionRecord
                {
                    TopicId = id,
                    PartitionId = index,
                    Replicas = [.. replicas.Select(node => new NodeId(node))],
                    Isr = [.. replicas.Select(node => new NodeId(node))],
                    Leader = new NodeId(replicas[0]),
                    LeaderEpoch = new LeaderEpoch(0),
                    PartitionEpoch = new PartitionEpoch(0),
                    Directories = [.. replicas.Select(node => new Uuid(100, (ulong)node))],
                }
            );
        }
    }

    public void CreateOrders(params int[] replicas)
    {
        Create("orders", OrdersId, 1, replicas);
        TellAll();
    }

    /// <summary>A new leader of the orders, in the next epoch.</summary>
    public void Elect(int leader, params int[] inSync) =>
        Commit(
            new PartitionChangeRecord
            {
                TopicId = OrdersId,
                PartitionId = 0,
                Leader = new NodeId(leader),
                Isr = [.. inSync.Select(node => new NodeId(node))],
            }
        );

    /// <summary>The latest metadata reaches these nodes.</summary>
    public void Tell(params int[] nodes)
    {
        foreach (int node in nodes)
        {
            Pump.Start(() =>
            {
                Nodes[node].Apply(Image);
                return 0;
            });
        }
    }

    public void TellAll() => Tell([.. Nodes.Where(node => node.IsUp).Select(node => node.Id.Value)]);

    /// <summary>The result of something that needs no time to end.</summary>
    public T Result<T>(Task<T> task)
    {
        Pump.Drain();
        Assert.True(task.IsCompleted, "the task has not ended");
        return task.GetAwaiter().GetResult();
    }

    /// <summary>Lets time pass, a millisecond after the other.</summary>
    public void Advance(int milliseconds)
    {
        for (int i = 0; i < milliseconds; i++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(1));
            Pump.Drain();
        }
    }

    public void Dispose()
    {
        foreach (TestNode node in Nodes)
        {
            node.Stop();
        }

        Pump.Drain();
        foreach (TestNode node in Nodes)
        {
            Assert.Null(node.Process.HaltReason);
        }
    }
}

/// <summary>One node of a <see cref="TestCluster"/>: it can lose its power and come back with what its disk has kept.</summary>
internal sealed class TestNode : IPeerAddresses, IIsrProposals, ITopicSettings
{
    private const string Root = "/data";
    private readonly TestCluster _cluster;
    private MetadataImage _image = MetadataImage.Empty;
    private Waiters? _waiters;
    private PartitionServer? _server;
    private MetadataCache? _cache;
    private FollowerFetchers? _fetchers;

    public TestNode(int id, TestCluster cluster)
    {
        Id = new NodeId(id);
        _cluster = cluster;
        Start();
    }

    public NodeId Id { get; }

    public BrokerEpoch RegisteredAs { get; set; } = BrokerEpoch.None;

    public CrashDisk Disk { get; } = new();

    public InMemoryProcess Process { get; private set; } = new();

    public PartitionTable Table { get; private set; } = null!;

    /// <summary>What the table has said for the node log.</summary>
    public List<string> Warnings { get; } = [];

    public LogDirectory Directory { get; private set; } = null!;

    public PartitionServer Server => _server!;

    public FetchSessions Sessions { get; private set; } = null!;

    public FetchHandler Fetches { get; private set; } = null!;

    public Waiters Waiters => _waiters!;

    public bool IsUp { get; private set; }

    public List<(Partition Partition, IsrProposal Proposal)> Proposals { get; } = [];

    public Partition Orders => Table.Find(TestCluster.Orders)!;

    public NetworkAddress Address => new($"node-{Id}", 9092);

    public Task Apply(MetadataImage image)
    {
        MetadataChanges changes = MetadataChanges.Between(_image, image);
        _image = image;
        _ = _cache!.ApplyAsync(new MetadataUpdate(image, changes));
        return Table.Apply(image, changes, RegisteredAs);
    }

    /// <summary>The power goes, and with it what was not flushed.</summary>
    public void LosePower()
    {
        Stop();
        Disk.LosePower(static _ => 0);
    }

    /// <summary>The node is back, and not yet registered: it opens its logs, and knows no metadata.</summary>
    public void Restart() =>
        _cluster.Pump.Start(() =>
        {
            _image = MetadataImage.Empty;
            RegisteredAs = BrokerEpoch.None;
            Proposals.Clear();
            Start();
            return 0;
        });

    public void Stop()
    {
        if (IsUp)
        {
            IsUp = false;
            _cluster.Pump.Start(() =>
            {
                _fetchers!.Stop();
                _server!.Dispose();
                Directory.Abandon();
                _waiters!.Dispose();
                return 0;
            });
        }
    }

    public NetworkAddress? AddressOf(NodeId node) => _cluster.Nodes[node.Value].Address;

    public void Send(Partition partition, IsrProposal proposal) => Proposals.Add((partition, proposal));

    public PartitionSettings For(string topic, MetadataImage image) =>
        new(_cluster.LogSettings, new AppendSettings(), _cluster.MinInSync)
        {
            Retention = _cluster.Retention,
            Cleaning = _cluster.Cleaning,
            Throttled = _cluster.Throttled,
            ThrottledLeaders = _cluster.ThrottledLeaders,
        };

    public long? ThrottledBytesPerSecond(MetadataImage image) => _cluster.ThrottledBytesPerSecond;

    public long? LeaderThrottledBytesPerSecond(MetadataImage image) => _cluster.ThrottledBytesPerSecond;

    /// <summary>The controller grants the last proposal; the response comes before the metadata.</summary>
    public void Grant()
    {
        (Partition partition, IsrProposal proposal) = Proposals[^1];
        _cluster.Commit(
            new PartitionChangeRecord
            {
                TopicId = partition.Id.TopicId,
                PartitionId = partition.Id.Partition,
                Isr = [.. proposal.InSync.Nodes],
            }
        );
        var wakes = new WakeList();
        partition.OnProposalResponse(
            proposal,
            new IsrResponse(ErrorCode.None, proposal.LeaderEpoch, proposal.PartitionEpoch.Next(), proposal.InSync),
            wakes
        );
        wakes.WakeAll();
        _cluster.Pump.Drain();
    }

    /// <summary>Appends and returns the promise of a response.</summary>
    public Task<ErrorCode> Produce(RequiredAcks acks, params string[] values) => Produce(Orders, acks, Batches.Of(values));

    public Task<ErrorCode> Produce(Partition partition, RequiredAcks acks, Memory<byte> batch) =>
        _cluster.Pump.Start(async () =>
        {
            var wakes = new WakeList();
            AppendOutcome append = partition.Append(batch, acks, wakes);
            wakes.WakeAll();
            var wait = new CommitWait(Waiters, 1);
            partition.Watch(append, acks, wait, 0);
            await wait.WaitAsync(TimeSpan.FromSeconds(30));
            return wait[0];
        });

    /// <summary>What a client can read from the start.</summary>
    public List<string> Consume()
    {
        PartitionRead read = Orders.Read(
            new FetchPosition(LeaderEpoch.None, Orders.Log.StartOffset, LeaderEpoch.None),
            Audience.Uncommitted,
            new ReadBudget(1 << 20, FirstBatch.ComesWhole)
        );
        Assert.Equal(ErrorCode.None, read.Error);
        read.Slice.Dispose();
        return Batches.Values(Orders.Log, read.Limit);
    }

    private void Start()
    {
        if (!Disk.DirectoryExists(Root))
        {
            _cluster.Pump.Finish(() => new MetaProperties("cluster", Id, new Uuid(100, (ulong)Id.Value)).WriteAsync(Disk, Root));
            _cluster.Pump.Finish(() => Disk.FlushDirectoryAsync("/"));
        }

        Process = new InMemoryProcess();
        var supervisor = new Supervisor(Process);
        _waiters = new Waiters(_cluster.Time);
        var pool = new BufferPool(_cluster.Time, BufferPoolLimits.Default, poison: true);
        Directory = _cluster.Pump.Finish(() => LogDirectory.OpenAsync(Disk, _cluster.Time, Root));
        _cluster.Pump.Finish(() => Directory.OpenAllAsync(_cluster.LogSettings));
        var connector = new RpcConnector(_cluster.Network, _waiters, pool, supervisor, new RpcOptions($"node-{Id}"), "raftlog-test", "1.0");
        _fetchers = new FollowerFetchers(
            Id,
            connector,
            this,
            _waiters,
            supervisor,
            FetcherOptions.Default,
            new NodeLog(Disk, _cluster.Time, "/node-log")
        );
        Table = new PartitionTable(
            new PartitionHost(Id, _waiters, _cluster.Tuning, this),
            [Directory],
            this,
            _fetchers,
            supervisor,
            input => input()
        )
        {
            Warn = Warnings.Add,
        };
        Directory.Flusher.Observe(Table);
        supervisor.Run("log directory", Directory.RunAsync);
        supervisor.Run("partitions", Table.RunAsync);
        _cache = new MetadataCache(_waiters, "cluster", Id);
        Sessions = new FetchSessions(_cluster.FetchSessionSlots, new SystemEntropy());
        Fetches = new FetchHandler(new PartitionLookup(Table, _cache), Sessions, _cache, Table.LeaderThrottle, _waiters, 55 << 20);
        _server = new PartitionServer(_cluster.Network, Address, Table, Fetches, pool, supervisor);
        IsUp = true;
    }
}
