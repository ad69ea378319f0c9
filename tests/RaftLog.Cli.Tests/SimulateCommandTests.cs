using System.Diagnostics;
using System.Globalization;

namespace RaftLog.Cli.Tests;

/// <summary><c>raftlog simulate</c> in a process of its own, since it watches the thread pool of its process.</summary>
[Trait("Category", "Slow")]
public sealed class SimulateCommandTests
{
    [Fact]
    public void A_seed_has_a_line_that_ends_in_its_hash_the_same_in_the_middle_of_a_batch_and_in_another_process()
    {
        string batch = Simulate("--seed", "2", "--seeds", "3", "--verbose");
        string alone = Simulate("--seed", "3", "--verbose");

        Assert.Matches(@"(?m)^seed 3: held, .* trace=[0-9a-f]{16}$", alone);
        Assert.Contains(alone.Split('\n')[0], batch);
    }

    [Fact]
    public void Cores_run_from_a_seed_and_bugs_are_listed_in_every_build()
    {
        Assert.Matches(@"(?m)^seed 7: held, .* trace=[0-9a-f]{16}$", Simulate("--cores", "--seed", "7", "--verbose"));
        Assert.Matches(@"(?m)^M6 ", Simulate("--bug", "list"));
    }

    [Fact]
    public void A_run_in_parts_goes_on_where_it_stopped_and_sums_up_all_parts()
    {
        using TemporaryFile run = new();
        Simulate("--cores", "--seed", "5", "--seeds", "3", "--resume", run.Path);
        string second = Simulate("--cores", "--seed", "5", "--seeds", "5", "--resume", run.Path, "--verbose");

        Assert.Equal(
            ["seed 8", "seed 9"],
            second.Split('\n').Where(line => line.StartsWith("seed ", StringComparison.Ordinal)).Select(line => line.Split(':')[0])
        );
        Assert.Equal(SumsOf(Simulate("--cores", "--seed", "5", "--seeds", "5")), SumsOf(second));
        Assert.Equal(SumsOf(second), SumsOf(Simulate("--cores", "--seed", "5", "--seeds", "5", "--resume", run.Path)));

        static string SumsOf(string output)
        {
            string line = output.TrimEnd().Split('\n')[^1];
            return $"{line.Split(',')[0]} {line[line.IndexOf("real time", StringComparison.Ordinal)..]}";
        }
    }

    [Fact]
    public void A_seed_that_failed_is_tried_again_when_the_run_goes_on_and_forgotten_when_it_holds()
    {
        using TemporaryFile run = new();
        Simulate("--cores", "--seed", "5", "--seeds", "2", "--resume", run.Path);
        run.Text = run.Text.Replace(
            "\"failed\": []",
            "\"failed\": [ { \"seed\": 6, \"violation\": \"a bug that is mended\" } ]",
            StringComparison.Ordinal
        );

        Assert.Contains(
            "seed 6 failed before, and holds now",
            SimulateErrors("--cores", "--seed", "5", "--seeds", "3", "--resume", run.Path)
        );
        Assert.Contains("\"failed\": []", run.Text);
    }

    [Fact]
    public void A_file_of_another_run_or_of_none_is_rejected_and_kept()
    {
        using TemporaryFile run = new();
        Simulate("--cores", "--seed", "5", "--seeds", "2", "--resume", run.Path);
        string kept = run.Text;
        Assert.Contains("--cores --seed 5", Simulate(exitCode: 2, "--cores", "--seed", "6", "--seeds", "2", "--resume", run.Path));
        Assert.Contains("--cores --seed 5", Simulate(exitCode: 2, "--seed", "5", "--resume", run.Path));
        Assert.Equal(kept, run.Text);

        run.Text = "{ \"my\": \"notes\" }";
        Assert.Contains($"{run.Path} holds no run", Simulate(exitCode: 2, "--cores", "--seed", "5", "--resume", run.Path));
        Assert.Contains("my", run.Text);
    }

    [Fact]
    public async Task An_interrupted_run_ends_with_what_it_has_shown_and_can_go_on()
    {
        const int Seeds = 3_000;
        using TemporaryFile run = new();
        using Process process = Start(["--cores", "--seeds", $"{Seeds}", "--resume", run.Path, "--verbose"]);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Assert.StartsWith("seed 1: held", await process.StandardOutput.ReadLineAsync());

        // Not SIGINT: what a shell starts in the background ignores that, and all that is started from there.
        using (Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        string rest = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}\n{await errors}");
        string sums = rest.TrimEnd().Split('\n')[^1];
        Assert.Matches(@"^\d+ seeds, ", sums);
        int done = int.Parse(sums.Split(' ')[0], CultureInfo.InvariantCulture);
        Assert.InRange(done, 1, Seeds - 1);
        Assert.Contains($"\"next\": {done + 1},", run.Text);
    }

#if !SEEDED_BUGS
    [Fact]
    public void A_build_without_bugs_names_the_command_that_has_them() =>
        Assert.Contains("-c SeededBugs", Simulate(exitCode: 2, "--bug", "M6"));
#endif

    private static string Simulate(params string[] arguments) => Simulate(0, arguments);

    private static string Simulate(int exitCode, params string[] arguments)
    {
        (string output, string errors) = Run(exitCode, arguments);
        return exitCode == 0 ? output : errors;
    }

    private static string SimulateErrors(params string[] arguments) => Run(0, arguments).Errors;

    private static (string Output, string Errors) Run(int exitCode, string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == exitCode, $"exit code {process.ExitCode}\n{output}\n{errors.Result}");
        return (output, errors.Result);
    }

    private static Process Start(string[] arguments)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["exec", typeof(CommandLine).Assembly.Location, "simulate", .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private sealed class TemporaryFile : IDisposable
    {
        private readonly string _directory = Directory.CreateTempSubdirectory("raftlog-run-").FullName;

        public string Path => System.IO.Path.Combine(_directory, "run.json");

        public string Text
        {
            get => File.ReadAllText(Path);
            set => File.WriteAllText(Path, value);
        }

        public void Dispose() => Directory.Delete(_directory, recursive: true);
    }
}
