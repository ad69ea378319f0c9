namespace RaftLog.Checking;

/// <summary>A broken promise.</summary>
/// <param name="Kind">Which.</param>
/// <param name="What">Where and how, for people.</param>
public sealed record Anomaly(AnomalyKind Kind, string What)
{
    /// <inheritdoc />
    public override string ToString() => $"{Kind}: {What}";
}
