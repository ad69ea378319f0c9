using System.CommandLine;
using System.Globalization;
using RaftLog.Broker;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Runtime;
using RaftLog.Cli.Output;
using RaftLog.Platform;

namespace RaftLog.Cli.Nodes;

/// <summary><c>raftlog up</c>: every node of a cluster.json in this process, for development and for a first look.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        Option<string> config = new("--config") { Description = "The cluster.", DefaultValueFactory = _ => "cluster.json" };
        Option<string?> data = new("--data") { Description = "Put the data directories below this one." };
        Option<string?> only = new("--nodes") { Description = "Start only these nodes, for instance 1,3." };
        Option<bool> inMemory = new("--in-memory")
        {
            Description =
                "Keep everything in memory, the logs too; nothing is left when it ends. Warnings and errors go to standard error.",
        };
        Command command = new("up", "Start every node of cluster.json in this process.") { config, data, only, inMemory };
        command.SetAction(
            (parsed, _) =>
                Failures.GuardAsync(() =>
                    RunAsync(parsed.GetValue(config)!, parsed.GetValue(data), parsed.GetValue(only), parsed.GetValue(inMemory))
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(string file, string? data, string? only, bool inMemory)
    {
        (string? clusterId, IReadOnlyList<NodeConfiguration> all) = NodeFiles.Read(file);
        all = [.. all.Select(node => data is null ? node : NodeFiles.Rooted(node, data))];
        IReadOnlyList<NodeConfiguration> chosen = only is null ? all : Choose(all, only, file);
        using StopSignal stop = new();
        World shared = World.Real();
        List<RunningNode> nodes = [];
        IDisk disk = inMemory ? World.InMemory().Disk : shared.Disk;
        World world = shared with { Disk = disk };
        await NewCluster.FormatAsync(file, clusterId, all, world);
        foreach (NodeConfiguration config in chosen)
        {
            nodes.Add(new RunningNode(config, world, inMemory ? line => Console.Error.WriteLine($"node {config.NodeId}: {line}") : null));
        }

        StatusDisplay display = new(nodes, world.Time);
        foreach (RunningNode node in nodes)
        {
            await node.Node.StartAsync();
        }

        if (await display.ShowUntilReadyAsync(stop.Asked))
        {
            Console.Write(ConnectHelp(nodes, inMemory));
            await stop.Asked;
        }

        Console.WriteLine("stopping");
        await Task.WhenAll(nodes.Select(node => node.Node.StopAsync(RunningNode.Patience)));
        Console.WriteLine("stopped");
        return ExitCode.Ok;
    }

    private static List<NodeConfiguration> Choose(IReadOnlyList<NodeConfiguration> all, string only, string file)
    {
        List<NodeConfiguration> chosen = [];
        foreach (string text in only.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            chosen.Add(
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                && all.FirstOrDefault(node => node.NodeId.Value == id) is { } node
                    ? node
                    : throw new FormatException(
                        $"--nodes {only}: {file} has no node {text}; it has {string.Join(", ", all.Select(each => each.NodeId))}"
                    )
            );
        }

        return chosen;
    }

    private static string ConnectHelp(List<RunningNode> nodes, bool inMemory)
    {
        string server = nodes[0].Address;
        string end = inMemory
            ? "Nothing is written to disk; warnings and errors appear here. Ctrl-C stops and forgets everything."
            : $"Logs are in raftlog.log of {string.Join(", ", nodes.Select(node => Path.GetDirectoryName(node.NodeLogPath)))}. Ctrl-C "
                + $"stops; the data stays.";
        return $"""

            Connect with
              kcat      kcat -b {server} -L
              raftlog   raftlog topic create orders --bootstrap-server {server}
              .NET      using KafkaCluster cluster = new(new ClientOptions {"{"} BootstrapServers = ClientOptions.ParseServers("{server}") {"}"});
            {end}

            """;
    }
}
