using System.CommandLine;
using System.CommandLine.Parsing;
using RaftLog.Cli.Clients;
using RaftLog.Cli.Logs;
using RaftLog.Cli.Nodes;
using RaftLog.Cli.Simulation;

namespace RaftLog.Cli;

/// <summary>The whole command line: parses it, runs the command and gives the exit code.</summary>
public static class CommandLine
{
    private static readonly (string Name, Func<Command> Create)[] Commands =
    [
        ("up", UpCommand.Create),
        ("start", StartCommand.Create),
        ("storage", StorageCommands.Create),
        ("log", LogCommands.Create),
        ("topic", TopicCommands.Create),
        ("produce", ProduceCommand.Create),
        ("consume", ConsumeCommand.Create),
        ("quorum", QuorumCommand.Create),
        ("cluster", ClusterCommand.Create),
        ("config", ConfigCommands.Create),
        ("partition", PartitionCommands.Create),
        ("group", GroupCommands.Create),
        ("transaction", TransactionCommands.Create),
        ("simulate", SimulateCommand.Create),
    ];

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The words after <c>raftlog</c>.</param>
    /// <returns>See <see cref="ExitCode"/>.</returns>
    public static async Task<int> InvokeAsync(IReadOnlyList<string> args)
    {
        ParseResult parsed = Parse(args);
        if (parsed.Errors.Count == 0)
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }
            );
        }

        foreach (ParseError error in parsed.Errors)
        {
            Console.Error.WriteLine($"raftlog: {error.Message}");
        }

        Console.Error.WriteLine($"Try '{string.Join(' ', PathOf(parsed.CommandResult).Prepend("raftlog"))} --help'.");
        return ExitCode.Usage;
    }

    /// <summary>Reads a command line without running it.</summary>
    internal static ParseResult Parse(IReadOnlyList<string> args)
    {
        RootCommand root = new("RaftLog: a replicated log that speaks the Kafka protocol. 'raftlog up' starts a cluster on this machine.");

        // A command that is named is all that is needed: the others would be made, and their code loaded, before a node starts.
        if (args.Count > 0 && Array.Find(Commands, each => each.Name == args[0]) is { Create: { } named })
        {
            root.Add(named());
            return root.Parse(args);
        }

        foreach ((_, Func<Command> create) in Commands)
        {
            root.Add(create());
        }

        return root.Parse(args);
    }

    private static IEnumerable<string> PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? PathOf(parent).Append(result.Command.Name) : [];
}
