namespace RaftLog.Checking;

/// <summary>A broken promise.</summary>
/// <param name="Kind">Which.</param>
/// <param name="What">Where and how, for people.</param>
public sealed record Anomaly(AnomalyKind Kind, string What)
{
    /// <summary>The records that it is about, to find their operations in the history; may be empty.</summary>
    public IReadOnlyList<RecordValue> Values { get; init; } = [];

    /// <summary>The topic whose operations it is about, where it is about no records; else null.</summary>
    public string? Topic { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{AnomalyCatalog.CodeOf(Kind)} {Kind}: {What}";
}
