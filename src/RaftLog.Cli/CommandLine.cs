using System.CommandLine;
using System.CommandLine.Parsing;
using RaftLog.Cli.Clients;
using RaftLog.Cli.Nodes;
using RaftLog.Cli.Simulation;

namespace RaftLog.Cli;

/// <summary>The whole command line: parses it, runs the command and gives the exit code.</summary>
public static class CommandLine
{
    /// <summary>Runs one command line.</summary>
    /// <param name="args">The words after <c>raftlog</c>.</param>
    /// <returns>See <see cref="ExitCode"/>.</returns>
    public static async Task<int> InvokeAsync(IReadOnlyList<string> args)
    {
        ParseResult parsed = Parse(args);
        if (parsed.Errors.Count == 0)
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
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
        RootCommand root = new("RaftLog: a replicated log that speaks the Kafka protocol. 'raftlog up' starts a cluster on this machine.")
        {
            UpCommand.Create(),
            StartCommand.Create(),
            StorageCommands.Create(),
            TopicCommands.Create(),
            ProduceCommand.Create(),
            ConsumeCommand.Create(),
            QuorumCommand.Create(),
            ClusterCommand.Create(),
            SimulateCommand.Create(),
        };
        return root.Parse(args);
    }

    private static IEnumerable<string> PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? PathOf(parent).Append(result.Command.Name) : [];
}
