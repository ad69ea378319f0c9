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

    private const string TypeName = " as expected type ";

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The words after <c>raftlog</c>.</param>
    /// <returns>See <see cref="ExitCode"/>.</returns>
    public static async Task<int> InvokeAsync(IReadOnlyList<string> args)
    {
        ParseResult parsed;
        try
        {
            parsed = Parse(args);
        }
        catch (InvalidOperationException unreadable)
        {
            // A check of several options reads one whose value is of another type; that is not among the errors then.
            Console.Error.WriteLine($"raftlog: {InWords(unreadable.Message)}");
            Console.Error.WriteLine($"Try 'raftlog {args[0]} --help'.");
            return ExitCode.Usage;
        }

        List<string> faults = [.. FaultsOf(parsed)];
        if (faults.Count == 0)
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }
            );
        }

        foreach (string fault in faults)
        {
            Console.Error.WriteLine($"raftlog: {fault}");
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

    /// <summary>
    /// What is wrong with a command line. An argument that takes any number of words takes options that do not exist too, unless they stand
    /// behind <c>--</c>.
    /// </summary>
    private static IEnumerable<string> FaultsOf(ParseResult parsed)
    {
        IEnumerable<string> taken = parsed.Tokens.Any(static token => token.Type == TokenType.DoubleDash)
            ? []
            : parsed
                .CommandResult.Children.OfType<ArgumentResult>()
                .SelectMany(static argument => argument.Tokens)
                .Select(static token => token.Value)
                .Where(static word => word.StartsWith("--", StringComparison.Ordinal));
        return parsed
            .Errors.Select(static error => InWords(error.Message))
            .Concat(taken.Select(static word => $"Unrecognized option '{word}'; a value that looks like one stands behind --."));
    }

    /// <summary>A message without the names of .NET's types.</summary>
    private static string InWords(string message)
    {
        int type = message.IndexOf(TypeName, StringComparison.Ordinal);
        return type < 0 ? message
            : message.Contains(nameof(Double), StringComparison.Ordinal) ? $"{message[..type]}: it is no number."
            : $"{message[..type]}: it is no whole number, or too large.";
    }

    private static IEnumerable<string> PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? PathOf(parent).Append(result.Command.Name) : [];
}
