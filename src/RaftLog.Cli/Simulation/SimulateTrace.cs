using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

/// <summary>Runs one seed, prints everything that happens in it, and draws its timeline where that is asked for.</summary>
internal static class SimulateTrace
{
    public static int Run(SimulatePlan plan)
    {
        List<string> lines = [];
        SeedOutcome outcome = plan.Simulation.Run(
            plan.First,
            line =>
            {
                lines.Add(line);
                if (plan.Trace)
                {
                    Console.Out.WriteLine(line);
                }
            }
        );
        Console.Out.WriteLine(outcome.ToString());
        if (plan.Page is { } file)
        {
            File.WriteAllText(file, TimelinePage.Write(outcome, lines));
            Console.Out.WriteLine($"the timeline is in {file}");
        }

        if (outcome.Held)
        {
            return ExitCode.Ok;
        }

        Console.Error.WriteLine(outcome.Explanation);
        return ExitCode.Failed;
    }
}
