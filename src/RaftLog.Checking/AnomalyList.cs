namespace RaftLog.Checking;

/// <summary>Collects anomalies; of those of one kind the first few are kept, since one cause has thousands of effects.</summary>
public sealed class AnomalyList
{
    /// <summary>The most that are kept of one kind.</summary>
    public const int MaxOfOneKind = 10;

    private readonly SortedDictionary<AnomalyKind, int> _counts = [];
    private readonly List<Anomaly> _all = [];

    /// <summary>Those that are kept.</summary>
    internal IReadOnlyList<Anomaly> All => _all;

    internal void Add(AnomalyKind kind, string what)
    {
        int count = _counts.GetValueOrDefault(kind) + 1;
        _counts[kind] = count;
        if (count <= MaxOfOneKind)
        {
            _all.Add(new Anomaly(kind, what));
        }
    }
}
