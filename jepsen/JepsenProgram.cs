using System.Globalization;
using RaftLog.Checking;
using RaftLog.Jepsen.Processes;
using RaftLog.Jepsen.Recording;
using RaftLog.Jepsen.Reporting;

namespace RaftLog.Jepsen;

/// <summary>The command: arguments to a run, and its verdict to text and exit code.</summary>
internal static class JepsenProgram
{
    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancel)
    {
        if (args is ["--help"] or ["-h"] or ["help"])
        {
            await output.WriteLineAsync(RunOptions.Help);
            return ExitCode.Held;
        }

        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        try
        {
            RunOptions options = RunOptions.Parse(args, (ulong)now.ToUnixTimeMilliseconds() % 1_000_000);
            if (options.CheckFile is { } file)
            {
                return Show(
                    Judge.Of(HistoryFile.Read(file), null, faultsAreExpected: false, [], makesChangesOnce: options.System == "raftlog"),
                    output,
                    null
                );
            }

            ISystemUnderTest? system = SystemOf(options);
            string directory = options.Output ?? Path.Combine("jepsen-runs", now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture));
            long begun = TimeProvider.System.GetTimestamp();
            void Say(string text) => output.WriteLine($"{TimeProvider.System.GetElapsedTime(begun).TotalSeconds, 7:0.0} s  {text}");
            Verdict verdict = await JepsenRun.RunAsync(options, system, directory, Say, cancel);
            return Show(verdict, output, Path.GetFullPath(Path.Combine(directory, "index.html")));
        }
        catch (Exception e) when (e is FormatException or FileNotFoundException)
        {
            await Console.Error.WriteLineAsync($"{e.Message}\n\n{RunOptions.Help}");
            return ExitCode.Usage;
        }
    }

    private static int Show(Verdict verdict, TextWriter output, string? page)
    {
        output.WriteLine();
        output.WriteLine(verdict.Title);
        foreach (string doubt in verdict.Doubts)
        {
            output.WriteLine($"  doubt: {doubt}");
        }

        foreach ((AnomalyKind kind, int count) in verdict.Found.Counts)
        {
            output.WriteLine(
                $"  {count} x {AnomalyCatalog.CodeOf(kind)} {kind}, for instance: {verdict.Found.All.First(each => each.Kind == kind).What}"
            );
        }

        if (verdict.ControlLosses > 0)
        {
            output.WriteLine($"  the control group with acks=1 lost {verdict.ControlLosses} acknowledged records, as it may");
        }

        if (page is not null)
        {
            output.WriteLine($"  {page}");
        }

        return verdict.ExitCode;
    }

    private static ISystemUnderTest? SystemOf(RunOptions options)
    {
        if (options.BootstrapServers is not null)
        {
            return null;
        }

        if (options.System == "kafka")
        {
            string folder = Path.Combine(options.Peers ?? "", "kafka");
            return Directory.Exists(Path.Combine(folder, "libs"))
                ? new KafkaSystem(folder)
                : throw new FileNotFoundException(
                    $"--system kafka: {folder}/libs is not there; --peers DIR or RAFTLOG_PEERS names the folder that holds kafka/"
                );
        }

        string program = options.RaftLog ?? Repository.RaftLog(options.Bug is not null);
        return File.Exists(program)
            ? new RaftLogSystem(Path.GetFullPath(program), options.Bug)
            : throw new FileNotFoundException(
                $"{program} is not there: build it with 'dotnet build src/RaftLog.Cli -c "
                    + $"{(options.Bug is null ? "Release" : "SeededBugs")}', or name it with --raftlog FILE"
            );
    }
}
