using System.Globalization;

namespace RaftLog.Simulation;

/// <summary>What one seed showed, in the terms that all simulations share.</summary>
public sealed record SeedOutcome
{
    /// <summary>The seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The hash over every message, disk operation, timer and state change.</summary>
    public required ulong Hash { get; init; }

    /// <summary>Virtual time that went by.</summary>
    public required TimeSpan Simulated { get; init; }

    /// <summary>How many faults there were.</summary>
    public required int Faults { get; init; }

    /// <summary>How many operations clients began.</summary>
    public required int Operations { get; init; }

    /// <summary>How many acknowledged records were checked.</summary>
    public required int Acknowledged { get; init; }

    /// <summary>The first promise that broke, in a sentence that begins with the name of the check; null while all hold.</summary>
    public required string? Violation { get; init; }

    /// <summary>What else there is to say, in a few words on one line; may be empty.</summary>
    public string Details { get; init; } = "";

    /// <summary>All that helps to find the cause of a violation: the options expanded, the last events. Empty when all held.</summary>
    public string Explanation { get; init; } = "";

    /// <summary>How often something happened that must happen sometimes, by name.</summary>
    public IReadOnlyDictionary<string, long> Counters { get; init; } = new SortedDictionary<string, long>(StringComparer.Ordinal);

    /// <summary>True when every promise held.</summary>
    public bool Held => Violation is null;

    /// <summary>The line of <c>simulate --verbose</c>: it ends in the hash.</summary>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"seed {Seed}: {(Held ? "held" : $"FAILED ({Violation!.Split('\n')[0]})")}, {Simulated.TotalSeconds:F1} s, {Faults} faults, "
                + $"{Operations} operations, {Acknowledged} acknowledged"
        ) + $"{(Details.Length > 0 ? ", " : "")}{Details} trace={Hash:x16}";
}
