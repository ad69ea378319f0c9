using System.CommandLine;
using RaftLog.Client;
using RaftLog.Platform;

namespace RaftLog.Cli.Clients;

/// <summary>What every command that talks to a cluster has: where the cluster is, and the form of the response.</summary>
internal sealed class ClientCommand
{
    /// <summary>Where nothing answers, nobody waits longer for that to be said.</summary>
    private static readonly TimeSpan ReachLimit = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(3);

    private readonly Option<string> _servers = new("--bootstrap-server")
    {
        Description = "Nodes to ask first, as host:port with commas between them.",
        DefaultValueFactory = _ => "127.0.0.1:9092",
    };

    private readonly Option<int> _timeout = new("--timeout")
    {
        Description = "Seconds that the cluster may take for one request; that it cannot be reached is said after 5.",
        DefaultValueFactory = _ => 60,
        Validators =
        {
            static result =>
            {
                if (result.Tokens is [{ Value: { } text }] && !(int.TryParse(text, out int seconds) && seconds > 0))
                {
                    result.AddError($"--timeout is '{text}': it must be a number of seconds above 0");
                }
            },
        },
    };

    private readonly Option<bool> _json = new("--json") { Description = "Answer in JSON, one value a line." };

    /// <summary>Adds the options to a command and runs it against the cluster.</summary>
    /// <param name="command">The command.</param>
    /// <param name="run">What it does; true for JSON.</param>
    public static Command Add(Command command, Func<KafkaCluster, ParseResult, bool, CancellationToken, Task<int>> run)
    {
        ClientCommand common = new();
        command.Options.Add(common._servers);
        command.Options.Add(common._timeout);
        command.Options.Add(common._json);
        command.SetAction(
            (parsed, cancel) =>
                Failures.GuardAsync(async () =>
                {
                    IReadOnlyList<NetworkAddress> servers = ClientOptions.ParseServers(parsed.GetValue(common._servers)!);
                    TimeSpan timeout = TimeSpan.FromSeconds(parsed.GetValue(common._timeout));
                    await ReachAsync(servers, timeout < ReachLimit ? timeout : ReachLimit, cancel);
                    using KafkaCluster cluster = Cluster(servers, timeout);
                    return await run(cluster, parsed, parsed.GetValue(common._json), cancel);
                })
        );
        return command;
    }

    private static async Task ReachAsync(IReadOnlyList<NetworkAddress> servers, TimeSpan limit, CancellationToken cancel)
    {
        using KafkaCluster cluster = Cluster(servers, limit);
        await cluster.Admin.DescribeClusterAsync(cancel);
    }

    private static KafkaCluster Cluster(IReadOnlyList<NetworkAddress> servers, TimeSpan timeout) =>
        new(
            new ClientOptions
            {
                BootstrapServers = servers,
                CallTimeout = timeout,
                RequestTimeout = timeout,
                ConnectTimeout = ConnectLimit,
            }
        );
}
