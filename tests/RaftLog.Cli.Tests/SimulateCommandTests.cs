using System.Diagnostics;

namespace RaftLog.Cli.Tests;

/// <summary><c>raftlog simulate</c> in a process of its own, since it watches the thread pool of its process.</summary>
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

#if !SEEDED_BUGS
    [Fact]
    public void A_build_without_bugs_names_the_command_that_has_them() =>
        Assert.Contains("-c SeededBugs", Simulate(exitCode: 2, "--bug", "M6"));
#endif

    private static string Simulate(params string[] arguments) => Simulate(0, arguments);

    private static string Simulate(int exitCode, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["exec", typeof(CommandLine).Assembly.Location, "simulate", .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == exitCode, $"exit code {process.ExitCode}\n{output}\n{errors.Result}");
        return exitCode == 0 ? output : errors.Result;
    }
}
