using System.Text;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Formatting;
using RaftLog.Broker.Runtime;
using RaftLog.Client;
using RaftLog.Platform;
using RaftLog.Protocol;
using Xunit.Sdk;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>Whole nodes in this process, each with a disk in memory, on one network in memory.</summary>
internal sealed class NodesInMemory : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <param name="clusterJson">The nodes, with directories that are absolute.</param>
    /// <param name="network">What they and their client talk over; one of their own where null.</param>
    public NodesInMemory(string clusterJson, INetwork? network = null)
    {
        network ??= new InMemoryNetwork(TimeProvider.System);
        All =
        [
            .. ClusterFile.Read("cluster.json", Encoding.UTF8.GetBytes(clusterJson)).Nodes.Select(config => new OneNode(config, network)),
        ];
        Client = new KafkaCluster(
            new ClientOptions
            {
                BootstrapServers =
                [
                    .. All.Where(node => node.Config.Roles.HasFlag(ProcessRoles.Broker)).Select(node => AddressOf(node.Config)),
                ],
            },
            new ClientWorld(TimeProvider.System, network, new SystemEntropy())
        );
    }

    public IReadOnlyList<OneNode> All { get; }

    /// <summary>Whether the nodes show what they count.</summary>
    public bool IsMeasured
    {
        init
        {
            foreach (OneNode node in All)
            {
                node.IsMeasured = value;
            }
        }
    }

    public KafkaCluster Client { get; }

    public static NetworkAddress AddressOf(NodeConfiguration config)
    {
        Listener client = config.Listeners.Advertised.First(each => !config.Listeners.IsController(each.Name));
        return new NetworkAddress(client.Host, client.Port);
    }

    public async Task StartAsync()
    {
        foreach (OneNode node in All)
        {
            await node.FormatAsync();
            await node.StartAsync();
        }

        await Task.WhenAll(All.Select(node => node.Node.Ready)).WaitAsync(Patience);
    }

    /// <summary>Waits with a bound, which only ends a test that can no longer pass.</summary>
    public static async Task UntilAsync(string what, Func<bool> condition)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > Patience)
            {
                throw new XunitException($"gave up waiting for: {what}");
            }

            await Task.Delay(Pause);
        }
    }

    public async Task StopAsync()
    {
        foreach (OneNode node in All.Where(node => node.Node.State is NodeState.Running or NodeState.Joining))
        {
            await node.Node.StopAsync(TimeSpan.Zero);
        }
    }

    public void Dispose() => Client.Dispose();

    /// <summary>One of them.</summary>
    internal sealed class OneNode(NodeConfiguration config, INetwork network)
    {
        private const string ClusterId = "AAAAAAAAAAAAAAAAAAAAAQ";
        private Node? _node;

        public NodeConfiguration Config { get; } = config;

        public InMemoryDisk Disk { get; set; } = new();

        public InMemoryProcess Process { get; private set; } = new();

        public bool IsMeasured { get; set; }

        public List<string> Problems { get; } = [];

        public Node Node => _node ?? throw new InvalidOperationException("not started");

        /// <param name="features">The feature levels of the new cluster; the defaults where null.</param>
        public async Task FormatAsync(IReadOnlyDictionary<string, short>? features = null) =>
            await StorageFormatter.FormatAsync(Config, ClusterId, features ?? StorageFormatter.DefaultFeatures, TheWorld());

        public Task StartAsync()
        {
            Process = new InMemoryProcess();
            _node = new Node(Config, TheWorld(), new NodeLog(Disk, TimeProvider.System, "/node-log", Note)) { IsMeasured = IsMeasured };
            return _node.StartAsync();
        }

        /// <summary>True when a warning or an error in the node log has this text.</summary>
        public bool Says(string text)
        {
            lock (Problems)
            {
                return Problems.Exists(line => line.Contains(text, StringComparison.Ordinal));
            }
        }

        private World TheWorld() => World.InMemory(network) with { Disk = Disk, Process = Process };

        private void Note(string line)
        {
            lock (Problems)
            {
                Problems.Add(line);
            }
        }
    }
}
