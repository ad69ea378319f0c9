namespace RaftLog.Simulation;

/// <summary>How long bytes take from one host to another.</summary>
/// <param name="Least">The shortest time.</param>
/// <param name="Jitter">The mean of the exponential part.</param>
/// <param name="TailChance">How probable a stray delay is, for each piece.</param>
/// <param name="TailMost">The longest stray delay.</param>
public readonly record struct LinkProfile(TimeSpan Least, TimeSpan Jitter, double TailChance, TimeSpan TailMost)
{
    internal TimeSpan Draw(SimRandom random)
    {
        TimeSpan delay = Least + random.Exponential(Jitter);
        return random.Chance(TailChance) ? delay + (TailMost * random.NextUnit()) : delay;
    }
}
