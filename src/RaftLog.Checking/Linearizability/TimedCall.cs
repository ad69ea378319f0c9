namespace RaftLog.Checking;

/// <summary>A call that took some time.</summary>
/// <typeparam name="TCall">The call with its response.</typeparam>
/// <param name="Call">The call.</param>
/// <param name="InvokedUs">When it began.</param>
/// <param name="CompletedUs">When its response was there; null when there was none, and then it took effect at any time since, or
/// never.</param>
public readonly record struct TimedCall<TCall>(TCall Call, long InvokedUs, long? CompletedUs)
{
    /// <summary>True for a call that took effect before its response, or not at all.</summary>
    public bool IsOptional { get; init; }
}
