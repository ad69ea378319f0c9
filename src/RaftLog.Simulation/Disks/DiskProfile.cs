namespace RaftLog.Simulation;

/// <summary>How a disk behaves.</summary>
/// <param name="FlushLeast">The shortest flush.</param>
/// <param name="FlushJitter">The mean of the exponential part.</param>
/// <param name="StallChance">How probable a stall is, for each flush.</param>
/// <param name="StallMost">The longest stall.</param>
/// <param name="LiesAbout">For files with this in their path a flush reports success and makes nothing durable: what the checker must find
/// out. Null for none.</param>
/// <param name="Descriptors">How many files a program may have open.</param>
public readonly record struct DiskProfile(
    TimeSpan FlushLeast,
    TimeSpan FlushJitter,
    double StallChance,
    TimeSpan StallMost,
    string? LiesAbout = null,
    long Descriptors = long.MaxValue
)
{
    internal TimeSpan Draw(SimRandom random)
    {
        TimeSpan delay = FlushLeast + random.Exponential(FlushJitter);
        return random.Chance(StallChance) ? delay + (StallMost * random.NextUnit()) : delay;
    }
}
