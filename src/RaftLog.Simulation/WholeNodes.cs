namespace RaftLog.Simulation;

/// <summary>Whole nodes and whole clients, as they are shipped, over simulated networks, disks and clocks.</summary>
public sealed class WholeNodes : ISimulation
{
    /// <inheritdoc />
    public string Arguments => "";

    /// <inheritdoc />
    public SeedOutcome Run(ulong seed, Action<string>? trace) => Outcome(SimulationRun.Of(seed, trace));

    /// <inheritdoc />
    public SeedOutcome? Shrink(SeedOutcome failed, Action<string> say) =>
        new Shrinker(SimulationOptions.Draw(failed.Seed), say).Run() is { } smaller ? Outcome(smaller) : null;

    private static SeedOutcome Outcome(SimulationReport report) =>
        new()
        {
            Seed = report.Options.Seed,
            Hash = report.Hash,
            Simulated = report.Simulated,
            Faults = report.Faults,
            Operations = report.Operations,
            Acknowledged = report.Acknowledged,
            Violation = report.Violation,
            Details = $"{report.Elections} leaderships, {report.Steps} steps",
            Explanation = report.Passed ? "" : report.Explain(),
            Counters = report.Counters,
        };
}
