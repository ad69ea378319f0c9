using System.CommandLine;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Formatting;
using RaftLog.Platform;

namespace RaftLog.Cli.Nodes;

/// <summary><c>raftlog start</c>: one node in one process, as it is deployed.</summary>
internal static partial class StartCommand
{
    public static Command Create()
    {
        Option<string> config = new("--config")
        {
            Description = "cluster.json, or a .properties file written for Apache Kafka.",
            DefaultValueFactory = _ => "cluster.json",
        };
        Option<int?> node = new("--node") { Description = "Which node of cluster.json." };
        Command command = new("start", "Start one node and run it until SIGTERM or Ctrl-C.") { config, node };
        command.SetAction((parsed, _) => Failures.GuardAsync(() => RunAsync(parsed.GetValue(config)!, parsed.GetValue(node))));
        return command;
    }

    static partial void SeededBugFromEnvironment();

    private static async Task<int> RunAsync(string file, int? id)
    {
        (string? clusterId, NodeConfiguration config) = NodeFiles.ReadOne(file, id);
        SeededBugFromEnvironment();
        World world = World.Real(new TcpOptions(config.Sockets.SendBufferBytes, config.Sockets.ReceiveBufferBytes));
        if (!StorageFormatter.IsFormatted(config, world.Disk))
        {
            string node = id is null ? "" : $" --node {id}";
            throw new FormatException(
                $"node {config.NodeId} has no data directory yet: {config.Storage.MetadataLogDir} is not formatted.\n"
                    + $"Make it with: raftlog storage format --config {file}{node} --cluster-id ID (the same ID for every node; "
                    + $"'raftlog storage random-uuid' makes one)"
            );
        }

        NodeFiles.CheckCluster(file, clusterId, config, world.Disk);
        using StopSignal stop = new();
        RunningNode running = new(config, world, Console.Error.WriteLine);
        await running.Node.StartAsync();
        _ = AnnounceAsync(running, world.Time);
        await stop.Asked;
        await running.Node.StopAsync(RunningNode.Patience);
        Console.WriteLine($"node {config.NodeId} has stopped");
        return ExitCode.Ok;
    }

    private static async Task AnnounceAsync(RunningNode running, TimeProvider time)
    {
        await running.Node.Ready;
        Console.WriteLine(
            $"node {running.Config.NodeId} is ready on {running.Address} after {ProcessAge.Milliseconds(time)} ms; log in "
                + $"{running.NodeLogPath}"
        );
    }
}
