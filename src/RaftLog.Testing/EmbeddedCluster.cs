using System.Text.Json;
using RaftLog.Broker;
using RaftLog.Broker.Configuration;
using RaftLog.Client;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Testing.Faults;

namespace RaftLog.Testing;

/// <summary>
/// A real cluster inside a test's process: the same nodes that <c>raftlog start</c> runs, in memory or in a folder, on free ports or
/// without sockets. Clusters share nothing, so tests may run in parallel.
/// <code>
/// await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync();
/// await using Producer producer = cluster.Client.CreateProducer();
/// </code>
/// </summary>
public sealed class EmbeddedCluster : IAsyncDisposable
{
    private readonly EmbeddedClusterOptions _options;
    private readonly INetwork _network;
    private readonly ReservedPorts? _ports;
    private readonly NodeFaults _clientFaults = new();
    private readonly SortedDictionary<int, EmbeddedNode> _nodes = [];
    private readonly Deadlines _deadlines = new();
    private readonly List<KafkaCluster> _clients = [];
    private readonly Lock _lock = new();
    private KafkaCluster? _client;
    private bool _disposed;

    private EmbeddedCluster(EmbeddedClusterOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Nodes, 1, nameof(options.Nodes));
        _options = options;
        _ports = options.Sockets ? new ReservedPorts(new TcpNetwork(options.Time, new TcpOptions())) : null;
        _network = _ports is null ? new InMemoryNetwork(options.Time) : _ports;
    }

    /// <summary>Where clients connect first: the value of bootstrap.servers.</summary>
    public string BootstrapServers => string.Join(',', _nodes.Values.Select(node => node.Address));

    /// <summary>The ids of the nodes.</summary>
    public IReadOnlyCollection<int> Nodes => _nodes.Keys;

    /// <summary>A client of the cluster, which ends with it.</summary>
    public KafkaCluster Client
    {
        get
        {
            lock (_lock)
            {
                return _client ??= Connect();
            }
        }
    }

    /// <summary>Starts a cluster in memory on free ports, and waits until it serves.</summary>
    /// <param name="nodes">How many nodes.</param>
    /// <param name="cancel">Gives up.</param>
    public static Task<EmbeddedCluster> StartAsync(int nodes = 1, CancellationToken cancel = default) =>
        StartAsync(new EmbeddedClusterOptions { Nodes = nodes }, cancel);

    /// <summary>Starts a cluster, and waits until every node serves.</summary>
    /// <param name="options">What it is like.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="NodeStartException">A node cannot start as it is told to.</exception>
    /// <exception cref="ConfigurationException">The configuration is wrong.</exception>
    /// <exception cref="TimeoutException">The nodes were not ready in time; the message has what they said.</exception>
    public static async Task<EmbeddedCluster> StartAsync(EmbeddedClusterOptions options, CancellationToken cancel = default)
    {
        EmbeddedCluster cluster = new(options);
        try
        {
            await cluster.StartNodesAsync(cancel);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Another client, which ends with the cluster.</summary>
    /// <param name="change">Changes its options.</param>
    public KafkaCluster Connect(Func<ClientOptions, ClientOptions>? change = null)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ClientOptions options = new() { BootstrapServers = [.. _nodes.Values.Select(node => node.Address)] };
        KafkaCluster client = new(
            change?.Invoke(options) ?? options,
            new ClientWorld(_options.Time, new FaultyNetwork(_network, _clientFaults, AddressFaults, _options.Time), new SystemEntropy())
        );
        lock (_lock)
        {
            _clients.Add(client);
        }

        return client;
    }

    /// <summary>Stops a node in order: it hands its leaderships over first, where others can take them.</summary>
    public Task StopNodeAsync(int node) => Find(node).StopAsync(_options.StopTimeout);

    /// <summary>Ends a node at once, as a crash of its process does: without a word to anyone. What it has written stays written.</summary>
    public Task KillNodeAsync(int node) => KillNodeAsync(node, losesUnflushed: false);

    /// <summary>Ends a node at once, as a crash of its process or a loss of power does.</summary>
    /// <param name="node">The node.</param>
    /// <param name="losesUnflushed">
    /// True to lose what was written and not flushed. For clusters in memory with <see cref="EmbeddedClusterOptions.NotesFlushes"/>. By
    /// default brokers flush before they acknowledge, so nothing acknowledged is lost; with <c>log.flush.interval.messages</c> raised it
    /// may be.
    /// </param>
    /// <exception cref="InvalidOperationException">The cluster cannot lose what is not flushed.</exception>
    public Task KillNodeAsync(int node, bool losesUnflushed) =>
        losesUnflushed && !_options.NotesFlushes
            ? throw new InvalidOperationException("set EmbeddedClusterOptions.NotesFlushes to lose what is not flushed")
            : Find(node).KillAsync(losesUnflushed);

    /// <summary>Starts a node that was stopped or killed, over the data that it left, and waits until it serves.</summary>
    /// <exception cref="TimeoutException">It was not ready in time.</exception>
    public async Task StartNodeAsync(int node, CancellationToken cancel = default)
    {
        await Find(node).StartAsync();
        await UntilReadyAsync([Find(node)], cancel);
    }

    /// <summary>Cuts a node off: its connections are reset, and nobody reaches it or is reached by it, until <see cref="Heal"/>.</summary>
    public void CutOff(int node) => Find(node).Faults.CutOff();

    /// <summary>Ends what <see cref="CutOff"/> and <see cref="Delay"/> began.</summary>
    public void Heal(int node) => Find(node).Faults.Heal();

    /// <summary>Lets everything that a node sends wait for a time.</summary>
    public void Delay(int node, TimeSpan time) => Find(node).Faults.Delay(time);

    /// <summary>Lets the next request of an API fail, whichever node it comes to.</summary>
    /// <param name="api">The API.</param>
    /// <param name="fault">How.</param>
    public void FailNext(ApiKey api, RequestFault fault = RequestFault.LoseRequest)
    {
        PlannedFault planned = new(api, fault);
        foreach (EmbeddedNode node in _nodes.Values)
        {
            node.Faults.Plan(planned);
        }
    }

    /// <summary>
    /// Ends the clients and the nodes. It ends within <see cref="EmbeddedClusterOptions.StopTimeout"/>, whatever has become of the nodes.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _clients.ForEach(client => client.Dispose());
        await Task.WhenAll(_nodes.Values.Select(node => node.StopAsync(_options.StopTimeout)));
        _ports?.Dispose();
        (_network as IDisposable)?.Dispose();
        _deadlines.Dispose();
    }

    private async Task StartNodesAsync(CancellationToken cancel)
    {
        foreach (NodeConfiguration config in ReadConfiguration())
        {
            EmbeddedNode node = new(config, _network, _options, AddressFaults, _deadlines);
            _nodes.Add(config.NodeId.Value, node);
            await node.FormatAsync();
        }

        foreach (EmbeddedNode node in _nodes.Values)
        {
            await node.StartAsync();
        }

        await UntilReadyAsync(_nodes.Values, cancel);
    }

    private async Task UntilReadyAsync(IEnumerable<EmbeddedNode> nodes, CancellationToken cancel)
    {
        foreach (EmbeddedNode node in nodes)
        {
            if (!await _deadlines.EndsAsync(node.Ready, _options.StartTimeout, cancel))
            {
                throw new TimeoutException(
                    $"node {node.Id} was not ready within {_options.StartTimeout.TotalSeconds} s (StartTimeout). It said: {node.LastWords}"
                );
            }
        }
    }

    private IReadOnlyList<NodeConfiguration> ReadConfiguration()
    {
        string root = _options.Folder is { } folder ? Path.GetFullPath(folder) : "/embedded";
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text))
        {
            json.WriteStartObject();
            json.WriteStartObject("defaults");
            if (!_options.Configuration.ContainsKey("default.replication.factor"))
            {
                json.WriteNumber("default.replication.factor", Math.Min(_options.Nodes, 3));
            }

            foreach ((string key, string value) in _options.Configuration)
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
            json.WriteStartArray("nodes");
            for (int id = 1; id <= _options.Nodes; id++)
            {
                json.WriteStartObject();
                json.WriteNumber("node.id", id);
                json.WriteString("listeners", $"PLAINTEXT://{NewAddress(id, 9092)},CONTROLLER://{NewAddress(id, 9093)}");
                json.WriteString("log.dirs", $"{root}/node-{id}");
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return ClusterFile.Read("EmbeddedClusterOptions.Configuration", text.ToArray()).Nodes;
    }

    private NetworkAddress NewAddress(int node, int port) => _ports?.Reserve() ?? new NetworkAddress($"node-{node}", port);

    private NodeFaults? AddressFaults(NetworkAddress address)
    {
        foreach (EmbeddedNode node in _nodes.Values)
        {
            if (node.Listens(address))
            {
                return node.Faults;
            }
        }

        return null;
    }

    private EmbeddedNode Find(int node) =>
        _nodes.TryGetValue(node, out EmbeddedNode? found)
            ? found
            : throw new ArgumentOutOfRangeException(nameof(node), node, $"the cluster has the nodes {string.Join(", ", _nodes.Keys)}");
}
