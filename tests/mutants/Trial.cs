namespace RaftLog.Mutants;

/// <summary>What meets each mutant, in this order, until something notices.</summary>
/// <param name="root">Where the mutants are compiled.</param>
/// <param name="limits">How much.</param>
/// <param name="stop">Ends what runs.</param>
internal sealed class Trial(string root, TrialLimits limits, CancellationToken stop)
{
    /// <summary>What is said of a mutant that nothing noticed.</summary>
    public const string Survives = "survives";

    /// <summary>All that can be said of a mutant, in the order of the steps.</summary>
    public static readonly IReadOnlyList<string> Verdicts = ["core seeds", "whole-node seeds", "scenarios", "tests of the room", Survives];

    private const string Simulator = "src/RaftLog.Cli/bin/Release/net10.0/raftlog.dll";

    /// <summary>Who notices; <see cref="Survives"/> when nobody does.</summary>
    /// <param name="mutant">The number of the mutant; null looks at the code as it is.</param>
    /// <param name="tests">The test projects of its room.</param>
    public async Task<string> RunAsync(int? mutant, IEnumerable<string> tests)
    {
        string[] simulate = ["dotnet", Simulator, "simulate", "--fail-fast"];
        (string Verdict, string[] Words)[] steps =
        [
            (Verdicts[0], [.. simulate, "--cores", "--seeds", $"{limits.CoreSeeds}", "--jobs", "1"]),
            (Verdicts[1], [.. simulate, "--seeds", $"{limits.NodeSeeds}", "--jobs", "1"]),
            (Verdicts[2], [.. simulate, "--scenario", "_"]),
            .. tests.Select(project =>
                (
                    Verdicts[3],
                    new[]
                    {
                        "dotnet",
                        "test",
                        $"tests/{project}",
                        "-c",
                        "Release",
                        "--no-build",
                        "-v",
                        "quiet",
                        "--",
                        "xUnit.StopOnFail=true",
                    }
                )
            ),
        ];
        foreach ((string verdict, string[] words) in steps)
        {
            // Ended by its limit: time stands still, or nothing makes progress. That is noticed, too.
            if ((await ChildProcess.RunAsync(root, limits.Step, mutant, words, stop)).ExitCode != 0)
            {
                return verdict;
            }
        }

        return Survives;
    }
}

/// <summary>How much meets a mutant.</summary>
/// <param name="CoreSeeds">Seeds of the cores.</param>
/// <param name="NodeSeeds">Seeds of whole nodes.</param>
/// <param name="Step">How long one step may take; one that takes longer has noticed.</param>
internal sealed record TrialLimits(int CoreSeeds, int NodeSeeds, TimeSpan Step);
