namespace RaftLog.Coordination;

/// <summary>The time as a coordinator is told it.</summary>
/// <param name="MonotonicMs">Milliseconds of a clock that never goes back: for sessions and timeouts. Means nothing in another
/// process.</param>
/// <param name="WallMs">Milliseconds since 1970 in UTC: for what is written into records and told to clients.</param>
public readonly record struct CoordinatorTime(long MonotonicMs, long WallMs);
