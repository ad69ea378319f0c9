namespace RaftLog.Client.Observability;

/// <summary>The names under which a client shows what it does.</summary>
public static class TelemetryNames
{
    /// <summary>
    /// The name of its <see cref="System.Diagnostics.ActivitySource"/>, its <see cref="System.Diagnostics.Metrics.Meter"/> and its log
    /// category.
    /// </summary>
    public const string Source = "RaftLog.Client";
}
