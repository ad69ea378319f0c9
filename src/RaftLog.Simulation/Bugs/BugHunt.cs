using System.Diagnostics;
using System.Globalization;

namespace RaftLog.Simulation;

/// <summary>What found a bug.</summary>
/// <param name="Checker">The check that failed.</param>
/// <param name="Where">The seed with its kind, or the scenario.</param>
/// <param name="Seeds">How many seeds were run until then; 0 for a scenario.</param>
/// <param name="Elapsed">How long that took.</param>
public sealed record BugCatch(string Checker, string Where, ulong Seeds, TimeSpan Elapsed);

/// <summary>
/// Looks for whatever is wrong with this build, with no knowledge of what that is: the scenarios, then seeds of the ordinary mix, of the
/// cores and of whole nodes in turns that grow.
/// </summary>
/// <param name="budget">The longest that the seeds may take.</param>
/// <param name="threads">How many seeds at a time.</param>
public sealed class BugHunt(TimeSpan budget, int threads)
{
    private static readonly TimeSpan FirstTurn = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ThreadTime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ThreadLimit = TimeSpan.FromSeconds(120);

    /// <summary>Told of each step.</summary>
    public Action<string> Say { get; init; } = static _ => { };

    /// <summary>The first scenario that fails; null when all hold.</summary>
    public static BugCatch? ByScenario()
    {
        Stopwatch clock = Stopwatch.StartNew();
        foreach (Scenario scenario in Scenarios.All)
        {
            if (scenario.Run() is { } found)
            {
                return new BugCatch(CheckerOf(found), $"scenario={scenario.Name}", 0, clock.Elapsed);
            }
        }

        return null;
    }

    /// <summary>The first seed that fails; null when none does within the budget.</summary>
    public BugCatch? BySeeds()
    {
        Stopwatch clock = Stopwatch.StartNew();
        ISimulation[] simulations = [new ProtocolCores(), new WholeNodes()];
        ulong[] next = [1, 1];
        ulong run = 0;
        TimeSpan turn = FirstTurn;
        for (int which = 0; clock.Elapsed < budget; which = 1 - which)
        {
            TimeSpan until = clock.Elapsed + turn;
            until = until < budget ? until : budget;
            SeedOutcome? failed = null;
            ulong before = run;
            SeedBatch batch = new(simulations[which], next[which], ulong.MaxValue >> 1, () => failed is null && clock.Elapsed < until);
            batch.Run(
                threads,
                outcome =>
                {
                    run++;
                    next[which] = outcome.Seed + 1;
                    failed ??= outcome.Held ? null : outcome;
                    return failed is null;
                }
            );
            if (failed is not null)
            {
                string kind = simulations[which].Arguments.Length > 0 ? $" {simulations[which].Arguments}" : "";
                return new BugCatch(
                    CheckerOf(failed.Violation!),
                    string.Create(CultureInfo.InvariantCulture, $"seed={failed.Seed}{kind}"),
                    run,
                    clock.Elapsed
                );
            }

            Say(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{run - before} seeds held ({(which == 0 ? "cores" : "whole nodes")}), {clock.Elapsed.TotalSeconds:F0} s"
                )
            );
            turn = which == 1 ? turn * 2 : turn;
        }

        return null;
    }

    /// <summary>What a run on real threads finds, which no world of one thread can show; null when all holds.</summary>
    public static BugCatch? ByThreads()
    {
        Stopwatch clock = Stopwatch.StartNew();
        string? found;
        try
        {
            Task<SeedOutcome> run = ThreadRun.RunAsync(seed: 1, ThreadTime);
            found = run.Wait(ThreadLimit) ? run.Result.Violation : "liveness: the run on threads does not end";
        }
        catch (AggregateException broken)
        {
            found = $"threads: {broken.InnerException?.Message}";
        }

        return found is null ? null : new BugCatch(CheckerOf(found), "threads", 0, clock.Elapsed);
    }

    /// <summary>The name that a violation begins with, as one word.</summary>
    private static string CheckerOf(string violation)
    {
        string line = violation.Split('\n')[0];
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        string name = colon > 0 && colon < 48 ? line[..colon] : line[..Math.Min(48, line.Length)];
        return name.Replace("invariant ", "", StringComparison.Ordinal)
            .Replace(" is broken", "", StringComparison.Ordinal)
            .Trim()
            .Replace(' ', '-');
    }
}
