using System.Globalization;
using System.Text.Json.Serialization;

namespace RaftLog.Simulation;

/// <summary>The sums of a batch of seeds.</summary>
public sealed class BatchFigures
{
    internal const string Phases = "liveness: partition phases";
    internal const string ExemptPhases = "liveness: exempt partition phases";
    private const int ExemptShare = 20;

    /// <summary>What is exempt in one seed hangs together, so few seeds say little about their share.</summary>
    private const int EnoughPhases = 500;

    private readonly SortedDictionary<string, long> _counters = new(StringComparer.Ordinal);

    /// <summary>No seed was run.</summary>
    public BatchFigures() { }

    /// <summary>Sums to go on from.</summary>
    /// <param name="seeds">See <see cref="Seeds"/>.</param>
    /// <param name="simulated">See <see cref="Simulated"/>.</param>
    /// <param name="faults">See <see cref="Faults"/>.</param>
    /// <param name="operations">See <see cref="Operations"/>.</param>
    /// <param name="acknowledged">See <see cref="Acknowledged"/>.</param>
    /// <param name="counters">See <see cref="Counters"/>.</param>
    [JsonConstructor]
    public BatchFigures(
        int seeds,
        TimeSpan simulated,
        long faults,
        long operations,
        long acknowledged,
        IReadOnlyDictionary<string, long> counters
    )
    {
        Seeds = seeds;
        Simulated = simulated;
        Faults = faults;
        Operations = operations;
        Acknowledged = acknowledged;
        Count(counters);
    }

    /// <summary>Seeds that were run.</summary>
    public int Seeds { get; private set; }

    /// <summary>Virtual time of all of them.</summary>
    public TimeSpan Simulated { get; private set; }

    /// <summary>Faults of all of them.</summary>
    public long Faults { get; private set; }

    /// <summary>Operations of clients.</summary>
    public long Operations { get; private set; }

    /// <summary>Acknowledged records that were checked.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>How often each thing happened that must happen sometimes.</summary>
    public IReadOnlyDictionary<string, long> Counters => _counters;

    /// <summary>Adds what a seed showed.</summary>
    public void Add(SeedOutcome outcome)
    {
        Seeds++;
        Simulated += outcome.Simulated;
        Faults += outcome.Faults;
        Operations += outcome.Operations;
        Acknowledged += outcome.Acknowledged;
        Count(outcome.Counters);
    }

    /// <inheritdoc />
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Seeds} seeds, {Simulated.TotalHours:F2} simulated hours, {Faults} faults, {Operations} operations of clients, "
                + $"{Acknowledged} acknowledged records checked"
        );

    /// <summary>Why the batch as a whole is not in order, although each seed is; null when it is.</summary>
    public string? Fault()
    {
        long phases = _counters.GetValueOrDefault(Phases);
        long exempt = _counters.GetValueOrDefault(ExemptPhases);
        return exempt * ExemptShare > phases && phases >= EnoughPhases
            ? $"{exempt} of {phases} partitions were exempt from making progress, which is more than one in {ExemptShare}"
            : null;
    }

    /// <summary>Why these seeds prove nothing, although no check failed; null when they do prove something.</summary>
    public string? WhyNothing() =>
        Seeds == 0 ? "no seed was run"
        : Acknowledged == 0 ? "no record was acknowledged"
        : Faults == 0 ? "no fault happened"
        : null;

    private void Count(IReadOnlyDictionary<string, long> counters)
    {
        foreach ((string name, long count) in counters)
        {
            _counters[name] = _counters.GetValueOrDefault(name) + count;
        }
    }
}
