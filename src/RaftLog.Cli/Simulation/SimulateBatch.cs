using System.Diagnostics;
using System.Globalization;
using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

/// <summary>Runs a batch of seeds, tells what failed, and sums up.</summary>
internal static class SimulateBatch
{
    private const int MaxExplained = 3;
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    public static int Run(SimulatePlan plan)
    {
        Stopwatch clock = Stopwatch.StartNew();
        TimeSpan nextProgress = ProgressInterval;
        BatchFigures figures = new();
        List<SeedOutcome> failed = [];
        SeedBatch batch = new(plan.Simulation, plan.First, plan.Count, () => plan.Limit is not { } limit || clock.Elapsed < limit);
        batch.Run(plan.Jobs, outcome =>
        {
            figures.Add(outcome);
            if (plan.Verbose)
            {
                Console.Out.WriteLine(outcome.ToString());
            }

            if (!outcome.Held)
            {
                failed.Add(outcome);
                Console.Error.WriteLine($"seed {outcome.Seed} FAILED: {outcome.Violation}");
            }

            if (!plan.Verbose && clock.Elapsed >= nextProgress)
            {
                nextProgress = clock.Elapsed + ProgressInterval;
                Console.Error.WriteLine(Line(figures, clock.Elapsed));
            }

            return failed.Count < MaxExplained;
        });

        Console.Out.WriteLine(Line(figures, batch.Elapsed));
        if (plan.Counters)
        {
            foreach ((string name, long count) in figures.Counters)
            {
                Console.Out.WriteLine($"{count,12} {name}");
            }
        }

        foreach (SeedOutcome outcome in failed)
        {
            Explain(plan, outcome);
        }

        return Judge(figures, failed.Count, batch.PoolItems);
    }

    private static void Explain(SimulatePlan plan, SeedOutcome failed)
    {
        Console.Error.WriteLine();
        Console.Error.WriteLine(failed.Explanation);
        if (plan.Simulation.Shrink(failed, Console.Error.WriteLine) is { } smaller)
        {
            Console.Error.WriteLine(smaller.Explanation);
        }

        Console.Error.WriteLine($"Replay: {plan.Replay(failed.Seed)}");
    }

    private static int Judge(BatchFigures figures, int failed, long poolItems)
    {
        if (poolItems > 0)
        {
            Console.Error.WriteLine($"FAILED: {poolItems} items came to the thread pool: some code has left the simulated world");
        }

        if (figures.Fault() is { } fault)
        {
            Console.Error.WriteLine($"FAILED: {fault}");
            return ExitCode.Failed;
        }

        if (failed > 0 || poolItems > 0)
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{failed} of {figures.Seeds} seeds failed"));
            return ExitCode.Failed;
        }

        if (figures.WhyNothing() is not { } nothing)
        {
            return ExitCode.Ok;
        }

        Console.Error.WriteLine($"nothing is proved: {nothing}");
        return ExitCode.NothingProved;
    }

    private static string Line(BatchFigures figures, TimeSpan elapsed) => string.Create(
        CultureInfo.InvariantCulture,
        $"{figures.Seeds} seeds, {figures.Seeds / elapsed.TotalSeconds:F2} seeds/s, {figures.Simulated.TotalHours:F2} simulated hours, "
        + $"{figures.Simulated / elapsed:F0} times real time, {figures.Faults} faults, {figures.Operations} operations, {figures.Acknowledged} acknowledged records checked");
}
