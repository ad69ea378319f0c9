using System.CommandLine;
using RaftLog.Platform;
using RaftLog.Storage;

namespace RaftLog.Cli.Logs;

/// <summary><c>raftlog log dump | verify</c>: looks into the files of a stopped node.</summary>
internal static class LogCommands
{
    public static Command Create() => new("log", "Look into the files of a stopped node.") { Dump(), Verify() };

    private static Command Dump()
    {
        Argument<string[]> files = new("files")
        {
            Description = "Segments, metadata snapshots, indexes, producer snapshots or checkpoints; what a file is its name says.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<bool> json = new("--json") { Description = "One JSON object a line." };
        Option<bool> shallow = new("--batches-only") { Description = "Of segments the batches only, without their records." };
        Command command = new("dump", "Print what files of a log hold, and what is wrong with them.") { files, json, shallow };
        command.SetAction(
            (parsed, _) =>
                Failures.GuardAsync(() =>
                {
                    TextWriter output = Console.Out;
                    IDumpOutput lines = parsed.GetValue(json) ? new JsonDump(output) : new TextDump(output);
                    FileDump dump = new(World.Real().Disk, lines, isDeep: !parsed.GetValue(shallow));
                    bool isSound = true;
                    foreach (string file in parsed.GetValue(files)!)
                    {
                        isSound &= dump.Run(Path.GetFullPath(file));
                    }

                    output.Flush();
                    return Task.FromResult(isSound ? ExitCode.Ok : ExitCode.Failed);
                })
        );
        return command;
    }

    private static Command Verify()
    {
        Argument<string> directory = new("directory")
        {
            Description = "A log directory of a stopped node, or the directory of one log in it.",
        };
        Option<bool> repair = new("--repair")
        {
            Description =
                "Remove what is damaged, as far as the node can make it anew or copy it from other replicas, and say what was done.",
        };
        Command command = new(
            "verify",
            "Read every file of a log directory and name what contradicts the rest. Exit code 1 when something does."
        )
        {
            directory,
            repair,
        };
        command.SetAction(
            (parsed, _) =>
                Failures.GuardAsync(async () =>
                {
                    IDisk disk = World.Real().Disk;
                    VerificationResult result = LogDirectoryVerification.Run(disk, Path.GetFullPath(parsed.GetValue(directory)!));
                    foreach (LogFinding finding in result.Findings)
                    {
                        Console.WriteLine(
                            $"{finding}{(finding.Repair == LogRepairKind.None ? "" : $" [{finding.Repair.ToString().ToLowerInvariant()}]")}"
                        );
                    }

                    Console.WriteLine($"{result.Directory}: {result.Logs.Count} logs read, {result.Findings.Count} findings");
                    if (parsed.GetValue(repair))
                    {
                        foreach (string done in await new LogDirectoryRepair(disk, result.Directory).RunAsync(result.Findings))
                        {
                            Console.WriteLine($"repaired: {done}");
                        }
                    }

                    return result.Findings.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
                })
        );
        return command;
    }
}
