using Xunit.Sdk;

namespace RaftLog.Interop.Tests.Clusters;

/// <summary>A cluster of real processes in a directory of its own.</summary>
internal sealed class Cluster : IDisposable
{
    private const string KeepVariable = "RAFTLOG_KEEP";

    private readonly string _directory;
    private bool _failed;

    private Cluster(string directory, List<NodeProcess> nodes)
    {
        _directory = directory;
        Nodes = nodes;
        View = new ClusterView(nodes);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Nodes.ForEach(node => node.Dispose());
    }

    /// <summary>The nodes, ids counting from 1.</summary>
    public List<NodeProcess> Nodes { get; }

    /// <summary>What the cluster says about itself.</summary>
    public ClusterView View { get; }

    /// <summary>Every node's address, for clients.</summary>
    public string Bootstrap => string.Join(',', Nodes.Select(node => node.Address));

    /// <summary>A place for files that a test hands to tools.</summary>
    public string Scratch => _directory;

    /// <summary>Formats and starts a cluster, and waits until every broker is in it.</summary>
    /// <param name="count">How many nodes, each broker and voter.</param>
    /// <param name="settings">Broker settings beside the usual ones.</param>
    /// <param name="data">The data directory of a lone node, where it must be a special one.</param>
    public static async Task<Cluster> StartAsync(int count, IReadOnlyDictionary<string, string>? settings = null, string? data = null)
    {
        string directory = Directory.CreateTempSubdirectory("raftlog-").FullName;
        string file = Path.Combine(directory, "cluster.json");
        string[] directories = [.. Enumerable.Range(1, count).Select(id => data ?? Path.Combine(directory, $"node-{id}"))];
        Cluster cluster = new(directory, ClusterFile.Write(file, WithDefaults(count, settings), directories));
        try
        {
            await cluster.FormatAsync(file);
            cluster.Nodes.ForEach(node => node.Start());
            await Task.WhenAll(cluster.Nodes.Select(node => node.WaitUntilReadyAsync()));
            await cluster.View.UntilBrokersAsync(count);
            return cluster;
        }
        catch (Exception e)
        {
            string text = $"{e.Message}\n{cluster.Log()}";
            cluster.Dispose();
            throw new XunitException(text);
        }
    }

    /// <summary>Runs a test on this cluster; when it fails, the nodes' logs join the text.</summary>
    public async Task WatchAsync(Func<Cluster, Task> test)
    {
        try
        {
            await test(this);
        }
        catch (Exception e)
        {
            _failed = true;
            throw new XunitException($"{e.Message}\n{e.StackTrace}\n{Log()}");
        }
    }

    /// <summary>The node with this id.</summary>
    public NodeProcess Node(int id) => Nodes[id - 1];

    /// <summary>Kills what runs, and removes the directory unless <c>RAFTLOG_KEEP</c> is set and a test has failed.</summary>
    public void Dispose()
    {
        Nodes.ForEach(node => node.Dispose());
        if (_failed && Environment.GetEnvironmentVariable(KeepVariable) is not null)
        {
            Console.WriteLine($"kept {_directory}");
            return;
        }

        Directory.Delete(_directory, recursive: true);
    }

    private static Dictionary<string, string> WithDefaults(int count, IReadOnlyDictionary<string, string>? settings)
    {
        Dictionary<string, string> all = new()
        {
            ["default.replication.factor"] = $"{Math.Min(count, 3)}",
            ["min.insync.replicas"] = count < 3 ? "1" : "2",
        };
        foreach ((string key, string value) in settings ?? new Dictionary<string, string>())
        {
            all[key] = value;
        }

        return all;
    }

    private async Task FormatAsync(string file)
    {
        string? id = null;
        foreach (NodeProcess node in Nodes)
        {
            string[] command = ["storage", "format", "--config", file, "--node", $"{node.Id}", "--cluster-id", id ??= Guid22()];
            (await Command.RunAsync(Repository.RaftLog, command)).Succeeded();
        }
    }

    private static string Guid22() => Convert.ToBase64String(Guid.NewGuid().ToByteArray())[..22].Replace('+', 'a').Replace('/', 'b');

    private string Log() => string.Join('\n', Nodes.Select(node => node.Log()));
}
