using System.CommandLine;
using RaftLog.Client;
using RaftLog.Platform;

namespace RaftLog.Cli.Clients;

/// <summary>What every command that talks to a cluster has: where the cluster is, and the form of the response.</summary>
internal sealed class ClientCommand
{
    private readonly Option<string> _servers = new("--bootstrap-server")
    {
        Description = "Nodes to ask first, as host:port with commas between them.",
        DefaultValueFactory = _ => "127.0.0.1:9092",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Answer in JSON, one value a line." };

    /// <summary>Adds the options to a command and runs it against the cluster.</summary>
    /// <param name="command">The command.</param>
    /// <param name="run">What it does; true for JSON.</param>
    public static Command Add(Command command, Func<KafkaCluster, ParseResult, bool, CancellationToken, Task<int>> run)
    {
        ClientCommand common = new();
        command.Options.Add(common._servers);
        command.Options.Add(common._json);
        command.SetAction(
            (parsed, cancel) =>
                Failures.GuardAsync(async () =>
                {
                    IReadOnlyList<NetworkAddress> servers = ClientOptions.ParseServers(parsed.GetValue(common._servers)!);
                    using KafkaCluster cluster = new(
                        new ClientOptions
                        {
                            BootstrapServers = servers,
                            CallTimeout = TimeSpan.FromSeconds(5),
                            ConnectTimeout = TimeSpan.FromSeconds(3),
                        }
                    );
                    return await run(cluster, parsed, parsed.GetValue(common._json), cancel);
                })
        );
        return command;
    }
}
