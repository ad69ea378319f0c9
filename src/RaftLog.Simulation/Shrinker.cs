namespace RaftLog.Simulation;

/// <summary>Looks for a smaller run that breaks the same promise: fewer kinds of faults, a shorter time, fewer clients.</summary>
internal sealed class Shrinker(SimulationOptions failed, Action<string> say)
{
    private const int MaxRuns = 60;

    private int _runs;

    /// <summary>The smallest failing run that was found; null when none is smaller.</summary>
    internal SimulationReport? Run()
    {
        SimulationReport first = SimulationRun.Of(failed);
        if (first.Passed)
        {
            say("the seed does not fail when it is run again: some code has left the simulated world");
            return null;
        }

        string name = NameOf(first);
        SimulationReport smallest = first;
        bool smaller = true;
        while (smaller && _runs < MaxRuns)
        {
            smaller = false;
            foreach (SimulationOptions candidate in Candidates(smallest.Options, smallest.FailedAt))
            {
                _runs++;
                SimulationReport report = SimulationRun.Of(candidate);
                if (!report.Passed && NameOf(report) == name)
                {
                    smallest = report;
                    smaller = true;
                    break;
                }

                if (_runs >= MaxRuns)
                {
                    break;
                }
            }
        }

        say(
            $"after {_runs} runs the smallest one that breaks '{name}' has {smallest.Options.Faults}; {smallest.Options.Producers} "
                + $"producers, faults for {smallest.Options.FaultTime.TotalSeconds:F1} s"
        );
        return ReferenceEquals(smallest, first) ? null : smallest;
    }

    private static string NameOf(SimulationReport report) => report.Violation!.Split(':')[0];

    private static IEnumerable<SimulationOptions> Candidates(SimulationOptions options, TimeSpan failedAt)
    {
        if (failedAt > TimeSpan.Zero && failedAt < options.FaultTime * 0.9)
        {
            yield return options with
            {
                FaultTime = failedAt + TimeSpan.FromSeconds(1),
            };
        }

        foreach (FaultKind kind in options.Faults.Weights.Keys)
        {
            yield return options with
            {
                Faults = options.Faults.Without(kind),
            };
        }

        if (options.FaultTime > TimeSpan.FromSeconds(2))
        {
            yield return options with
            {
                FaultTime = options.FaultTime / 2,
            };
        }

        if (options.Producers > 1)
        {
            yield return options with
            {
                Producers = options.Producers - 1,
            };
        }

        if (options.Partitions > 1)
        {
            yield return options with
            {
                Partitions = options.Partitions - 1,
            };
        }
    }
}
