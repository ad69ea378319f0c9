namespace RaftLog.Simulation;

/// <summary>Whole nodes and whole clients, as they are shipped, over simulated networks, disks and clocks.</summary>
public sealed class WholeNodes : ISimulation
{
    /// <inheritdoc />
    public string Arguments => "";

    /// <inheritdoc />
    public SeedOutcome Run(ulong seed, Action<string>? trace)
    {
        SimulationReport report = SimulationRun.Of(seed, trace);
        return new SeedOutcome
        {
            Seed = seed,
            Hash = report.Hash,
            Simulated = report.Simulated,
            Faults = report.Faults,
            Operations = report.Acknowledged + report.Unknown,
            Acknowledged = report.Acknowledged,
            Violation = report.Failure ?? (report.Anomalies.Count > 0 ? report.Anomalies[0].ToString() : null),
            Details = $"{report.Elections} leaderships, {report.Steps} steps",
            Explanation = report.Passed ? "" : report.Explain(),
        };
    }
}
