namespace RaftLog.Checking;

/// <summary>Collects anomalies; of those of one kind the first few are kept, since one cause has thousands of effects.</summary>
public sealed class AnomalyList
{
    /// <summary>The most that are kept of one kind.</summary>
    public const int MaxOfOneKind = 10;

    private readonly SortedDictionary<AnomalyKind, int> _counts = [];
    private readonly List<Anomaly> _all = [];
    private readonly List<string> _undecided = [];

    /// <summary>Those that are kept.</summary>
    public IReadOnlyList<Anomaly> All => _all;

    /// <summary>How many there were of each kind that was found.</summary>
    public IReadOnlyDictionary<AnomalyKind, int> Counts => _counts;

    /// <summary>What could not be decided within the bounds of the search; empty when everything was.</summary>
    public IReadOnlyList<string> Undecided => _undecided;

    internal void Add(AnomalyKind kind, string what, params ReadOnlySpan<RecordValue> values) =>
        Add(new Anomaly(kind, what) { Values = [.. values] });

    internal void Add(Anomaly anomaly)
    {
        int count = _counts.GetValueOrDefault(anomaly.Kind) + 1;
        _counts[anomaly.Kind] = count;
        if (count <= MaxOfOneKind)
        {
            _all.Add(anomaly);
        }
    }

    internal void AddUndecided(string what) => _undecided.Add(what);
}
