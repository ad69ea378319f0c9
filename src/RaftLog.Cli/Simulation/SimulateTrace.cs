using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

/// <summary>Runs one seed and prints everything that happens in it.</summary>
internal static class SimulateTrace
{
    public static int Run(SimulatePlan plan)
    {
        SeedOutcome outcome = plan.Simulation.Run(plan.First, Console.Out.WriteLine);
        Console.Out.WriteLine(outcome.ToString());
        if (outcome.Held)
        {
            return ExitCode.Ok;
        }

        Console.Error.WriteLine(outcome.Explanation);
        return ExitCode.Failed;
    }
}
