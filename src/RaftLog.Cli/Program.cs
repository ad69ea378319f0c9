using System.CommandLine;
using RaftLog.Cli;
using RaftLog.Cli.Clients;
using RaftLog.Cli.Nodes;

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
};
ParseResult parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (System.CommandLine.Parsing.ParseError error in parsed.Errors)
    {
        Console.Error.WriteLine($"raftlog: {error.Message}");
    }

    string command = string.Concat(parsed.CommandResult.Command == root ? "" : $" {string.Join(' ', PathOf(parsed.CommandResult))}");
    Console.Error.WriteLine($"Try 'raftlog{command} --help'.");
    return ExitCode.Usage;
}

return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });

static IEnumerable<string> PathOf(System.CommandLine.Parsing.CommandResult result) => result.Parent is System.CommandLine.Parsing.CommandResult { Parent: not null } parent
    ? PathOf(parent).Append(result.Command.Name)
    : [result.Command.Name];
