using System.Globalization;
using System.Text;

namespace RaftLog.Jepsen.Tests;

/// <summary>
/// Real processes, real faults. <c>RAFTLOG_JEPSEN_MINUTES</c> says how long each run is; <c>RAFTLOG_JEPSEN_SEED</c> which faults it draws.
/// </summary>
[Trait("Category", "Slow")]
public sealed class RealRunTests : IDisposable
{
    private const double UsualMinutes = 0.6;

    private static readonly string Minutes = Environment.GetEnvironmentVariable("RAFTLOG_JEPSEN_MINUTES") is { Length: > 0 } asked
        ? asked
        : UsualMinutes.ToString(CultureInfo.InvariantCulture);

    private readonly string _directory = Directory.CreateTempSubdirectory("raftlog-jepsen-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [ClusterFact]
    public Task Records_survive_what_happens_to_processes_and_links() =>
        ExpectAsync(ExitCode.Held, "--minutes", Minutes, "--workload", "append,sequence,metadata");

    [ClusterFact]
    public Task Changes_of_topics_are_made_once_whatever_becomes_of_responses() =>
        ExpectAsync(ExitCode.Held, "--minutes", Minutes, "--workload", "metadata", "--nemesis", "reset,isolate,cut");

    [ClusterFact]
    public Task Records_survive_the_loss_of_leaders() =>
        ExpectAsync(ExitCode.Held, "--minutes", Minutes, "--workload", "failover", "--nemesis", "kill,pause,isolate");

    [ClusterFact]
    public async Task Producers_that_only_ask_the_leader_are_found_to_lose_records()
    {
        string said = await ExpectAsync(
            ExitCode.Violated,
            "--minutes",
            Minutes,
            "--workload",
            "append",
            "--nemesis",
            "isolate",
            "--acks",
            "1"
        );
        Assert.Contains("A3 LostRecord", said, StringComparison.Ordinal);
    }

    [ClusterFact]
    public async Task A_run_that_is_ended_early_says_so_and_leaves_no_process()
    {
        using CancellationTokenSource stop = new(TimeSpan.FromSeconds(8));
        int code = await JepsenProgram.RunAsync(["--minutes", "5", "--seed", "1", "--out", _directory], TextWriter.Null, stop.Token);

        Assert.Equal(ExitCode.Unknown, code);
        Assert.DoesNotContain(
            Directory.GetDirectories("/proc").Where(each => File.Exists($"{each}/cmdline")),
            each => CommandLine(each).Contains(_directory, StringComparison.Ordinal)
        );
    }

    [SeededBugFact]
    public async Task A_leader_that_acknowledges_before_its_followers_have_the_record_is_found_out()
    {
        string said = await ExpectAsync(
            ExitCode.Violated,
            "--minutes",
            Minutes,
            "--workload",
            "append",
            "--nemesis",
            "isolate",
            "--bug",
            "M1"
        );
        Assert.Contains("A3 LostRecord", said, StringComparison.Ordinal);
    }

    private async Task<string> ExpectAsync(int exitCode, params string[] args)
    {
        string seed = Environment.GetEnvironmentVariable("RAFTLOG_JEPSEN_SEED") is { Length: > 0 } asked ? asked : "1";
        StringBuilder said = new();
        int code = await JepsenProgram.RunAsync(
            [.. args, "--seed", seed, "--out", _directory],
            TextWriter.Synchronized(new StringWriter(said, CultureInfo.InvariantCulture)),
            CancellationToken.None
        );
        Assert.True(code == exitCode, $"exit code {code} instead of {exitCode}:\n{said}\n{Tails()}");
        return said.ToString();
    }

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    private string Tails() =>
        string.Join(
            '\n',
            Directory
                .GetFiles(_directory, "node-*.out")
                .Order()
                .SelectMany(file => File.ReadLines(file).TakeLast(15).Prepend($"--- {file}"))
        );
}
