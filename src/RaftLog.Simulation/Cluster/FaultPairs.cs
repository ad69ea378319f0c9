namespace RaftLog.Simulation;

/// <summary>
/// Which kinds of faults came together in a run: the second began within two seconds of the first, so mostly while the first was not
/// repaired. One fault alone is what most code was written for.
/// </summary>
internal sealed class FaultPairs
{
    internal const string Prefix = "together: ";
    private static readonly long Together = TimeSpan.FromSeconds(2).Ticks;

    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly Queue<(long At, FaultKind Kind)> _recent = new();

    /// <summary>How often each pair came together, by its name.</summary>
    internal SortedDictionary<string, int> Counts => _counts;

    /// <summary>The name of a pair, whichever came first.</summary>
    internal static string NameOf(FaultKind one, FaultKind other) =>
        one <= other ? $"{Prefix}{one} and {other}" : $"{Prefix}{other} and {one}";

    /// <summary>A fault has begun.</summary>
    /// <param name="now">The time, in ticks.</param>
    /// <param name="kind">Its kind.</param>
    internal void Add(long now, FaultKind kind)
    {
        Forget(now);
        foreach ((_, FaultKind before) in _recent)
        {
            string name = NameOf(before, kind);
            _counts[name] = _counts.GetValueOrDefault(name) + 1;
        }

        _recent.Enqueue((now, kind));
    }

    /// <summary>Of some kinds, the first of those that came together least with what has begun lately; null when nothing has.</summary>
    internal FaultKind? Rarest(long now, IEnumerable<FaultKind> kinds)
    {
        Forget(now);
        return _recent.Count == 0 ? null : kinds.MinBy(kind => _recent.Sum(each => _counts.GetValueOrDefault(NameOf(each.Kind, kind))));
    }

    private void Forget(long now)
    {
        while (_recent.TryPeek(out (long At, FaultKind Kind) first) && now - first.At > Together)
        {
            _recent.Dequeue();
        }
    }
}
