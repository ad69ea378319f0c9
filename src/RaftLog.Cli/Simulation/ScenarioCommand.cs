using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

/// <summary><c>raftlog simulate --scenario</c>: the scenarios with something in their names, each to its end.</summary>
internal static class ScenarioCommand
{
    /// <summary>Plays them and prints a line for each; fails when one does.</summary>
    /// <param name="part">What is in their names.</param>
    /// <param name="failFast">Whether the first that fails is the last.</param>
    public static int Run(string part, bool failFast)
    {
        List<Scenario> chosen = [.. Scenarios.Named(part)];
        if (chosen.Count == 0)
        {
            Console.Error.WriteLine($"--scenario {part}: no scenario has that in its name; docs/verification.md lists them");
            return ExitCode.Usage;
        }

        bool allHold = true;
        foreach (Scenario scenario in chosen)
        {
            string? found = scenario.Run();
            Console.Out.WriteLine(found is null ? $"held   {scenario.Name}" : $"FAILED {scenario.Name}: {found}");
            allHold &= found is null;
            if (!allHold && failFast)
            {
                break;
            }
        }

        return allHold ? ExitCode.Ok : ExitCode.Failed;
    }
}
