using RaftLog.Broker;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Formatting;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Testing.Faults;

namespace RaftLog.Testing;

/// <summary>One node of an embedded cluster, through its lives.</summary>
internal sealed class EmbeddedNode
{
    private const string ClusterId = "ZW1iZWRkZWQtY2x1c3Rlcg";
    private const int MaxWords = 20;

    private readonly NodeConfiguration _config;
    private readonly FaultyNetwork _network;
    private IDisk _disk;
    private readonly EmbeddedClusterOptions _options;
    private readonly Deadlines _deadlines;
    private readonly Lock _lock = new();
    private readonly Queue<string> _words = new();
    private Node? _node;
    private InMemoryProcess _process = new();

    public EmbeddedNode(
        NodeConfiguration config,
        INetwork network,
        EmbeddedClusterOptions options,
        Func<NetworkAddress, NodeFaults?> faultsOf,
        Deadlines deadlines
    )
    {
        _config = config;
        _network = new FaultyNetwork(network, Faults, faultsOf, options.Time);
        _disk = options.Folder is null ? new InMemoryDisk(notesFlushes: options.NotesFlushes) : new LinuxDisk();
        _options = options;
        _deadlines = deadlines;
    }

    public int Id => _config.NodeId.Value;

    public NodeFaults Faults { get; } = new();

    /// <summary>Where clients reach it.</summary>
    public NetworkAddress Address
    {
        get
        {
            Listener client = _config.Listeners.Advertised.First(each => !_config.Listeners.IsController(each.Name));
            return new NetworkAddress(client.Host, client.Port);
        }
    }

    public Task Ready => _node?.Ready ?? Task.CompletedTask;

    /// <summary>The last warnings and errors, and why it halted.</summary>
    public string LastWords
    {
        get
        {
            lock (_lock)
            {
                string words = _words.Count == 0 ? "nothing" : string.Join('\n', _words);
                return _process.HaltReason is { } reason ? $"{words}\nand halted: {reason}" : words;
            }
        }
    }

    public bool Listens(NetworkAddress address) =>
        _config.Listeners.Advertised.Any(each => each.Port == address.Port && each.Host == address.Host);

    public async Task FormatAsync()
    {
        World world = NewWorld();
        if (!StorageFormatter.IsFormatted(_config, _disk))
        {
            await StorageFormatter.FormatAsync(_config, ClusterId, StorageFormatter.DefaultFeatures, world);
        }
    }

    public Task StartAsync()
    {
        if (_node is { State: not NodeState.Stopped })
        {
            throw new InvalidOperationException($"node {Id} is running; stop or kill it first");
        }

        _process = new InMemoryProcess();
        NodeLog nodeLog = new(_disk, _options.Time, $"{_config.Storage.LogDirs[0]}/raftlog.log", Note);
        _network.Open();
        _node = new Node(_config, NewWorld(), nodeLog);
        return _node.StartAsync();
    }

    /// <summary>Stops in order, but not for longer than a time; then the node is left behind, cut off from all.</summary>
    public async Task StopAsync(TimeSpan limit)
    {
        if (_node is not { } node)
        {
            return;
        }

        _node = null;
        try
        {
            await _deadlines.EndsAsync(node.StopAsync(_options.Nodes == 1 ? TimeSpan.Zero : limit / 2), limit, CancellationToken.None);
        }
        finally
        {
            _network.Close();
        }
    }

    /// <summary>
    /// Ends without a word to the others. The stop behind it only frees what the node holds of this process: in memory the next life
    /// finds the disk as it was when the node was killed.
    /// </summary>
    /// <param name="losesUnflushed">True to lose what was not flushed, as a loss of power does.</param>
    public async Task KillAsync(bool losesUnflushed)
    {
        IDisk left = _disk;
        _network.Close();
        if (_disk is InMemoryDisk memory)
        {
            left = memory.Copy(losesUnflushed);
        }
        else if (losesUnflushed)
        {
            throw new InvalidOperationException(
                "a node in a folder loses nothing that it wrote when it is killed; keep the cluster in memory (Folder = null)"
            );
        }

        await StopAsync(_options.StopTimeout);
        _disk = left;
    }

    private World NewWorld() => new(_options.Time, _disk, _network, new SystemEntropy(), _process);

    private void Note(string line)
    {
        lock (_lock)
        {
            _words.Enqueue(line.TrimEnd());
            if (_words.Count > MaxWords)
            {
                _words.Dequeue();
            }
        }

        _options.Log?.Invoke($"node {Id}: {line.TrimEnd()}");
    }
}
