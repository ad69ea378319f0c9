namespace RaftLog.Checking;

/// <summary>A time in which a majority and enough replicas were up and connected.</summary>
/// <param name="FromUs">From when, in microseconds of the run.</param>
/// <param name="ToUs">Until when.</param>
/// <param name="MaxGapUs">How long nothing may be acknowledged within it.</param>
public readonly record struct AvailabilityPromise(long FromUs, long ToUs, long MaxGapUs);
