using RaftLog.Checking;

namespace RaftLog.Simulation;

/// <summary>What a run showed.</summary>
public sealed record SimulationReport
{
    /// <summary>What the run was like.</summary>
    public required SimulationOptions Options { get; init; }

    /// <summary>Virtual time that went by.</summary>
    public required TimeSpan Simulated { get; init; }

    /// <summary>How many faults there were.</summary>
    public required int Faults { get; init; }

    /// <summary>How many leaderships of partitions began.</summary>
    public required int Elections { get; init; }

    /// <summary>How many operations clients began: sends, reads, administration.</summary>
    public required int Operations { get; init; }

    /// <summary>How many records were acknowledged, and checked.</summary>
    public required int Acknowledged { get; init; }

    /// <summary>How many sends had no outcome.</summary>
    public required int Unknown { get; init; }

    /// <summary>How many records consumers saw.</summary>
    public required int Seen { get; init; }

    /// <summary>How many high watermarks consumers were told, and were checked.</summary>
    public int HighWatermarks { get; init; }

    /// <summary>The hash of everything that happened.</summary>
    public required ulong Hash { get; init; }

    /// <summary>The steps that programs ran.</summary>
    public required long Steps { get; init; }

    /// <summary>Why the run ended early, or what it did not reach; null when it went to its end.</summary>
    public required string? Failure { get; init; }

    /// <summary>When <see cref="Failure"/> was found.</summary>
    public TimeSpan FailedAt { get; init; }

    /// <summary>The promises that the history breaks.</summary>
    public required IReadOnlyList<Anomaly> Anomalies { get; init; }

    /// <summary>How often each thing happened that must happen sometimes.</summary>
    public required IReadOnlyDictionary<string, long> Counters { get; init; }

    /// <summary>The last lines of the trace.</summary>
    public required IReadOnlyList<string> Trace { get; init; }

    /// <summary>True when every promise held.</summary>
    public bool Passed => Failure is null && Anomalies.Count == 0;

    /// <summary>The first broken promise; null while all hold.</summary>
    public string? Violation => Failure ?? (Anomalies.Count > 0 ? Anomalies[0].ToString() : null);

    /// <summary>One line of numbers.</summary>
    public string Summary =>
        $"seed {Options.Seed}: {Simulated.TotalSeconds:F1} simulated s, {Faults} faults, {Elections} leaderships, {Acknowledged} "
        + $"acknowledged records checked, "
        + $"{Unknown} unknown, {Seen} seen, {Steps} steps, hash {Hash:x16}{(Passed ? "" : ", FAILED")}";

    /// <summary>All that helps to find the cause.</summary>
    public string Explain()
    {
        IEnumerable<string> lines =
        [
            Options.Describe(),
            .. Trace,
            Summary,
            .. Failure is null ? [] : new[] { $"{Failure} (at {FailedAt.TotalSeconds:F4} s)" },
            .. Anomalies.Select(each => each.ToString()),
        ];
        return string.Join('\n', lines);
    }
}
