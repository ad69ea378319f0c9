namespace RaftLog.Simulation;

/// <summary>How long bytes take from one host to another.</summary>
/// <param name="Least">The shortest time.</param>
/// <param name="Jitter">The mean of the exponential part.</param>
/// <param name="TailChance">How probable a stray delay is, for each piece.</param>
/// <param name="TailMost">The longest stray delay.</param>
/// <param name="LossChance">How probable it is that a piece is lost and sent again, after a time that doubles.</param>
public readonly record struct LinkProfile(TimeSpan Least, TimeSpan Jitter, double TailChance, TimeSpan TailMost, double LossChance)
{
    private const int MaxLosses = 5;
    private static readonly TimeSpan FirstRetransmission = TimeSpan.FromMilliseconds(200);

    internal TimeSpan Draw(SimRandom random)
    {
        TimeSpan delay = Least + random.Exponential(Jitter);
        if (TailChance > 0 && random.Chance(TailChance))
        {
            delay += TailMost * random.NextUnit();
        }

        for (int i = 0; LossChance > 0 && i < MaxLosses && random.Chance(LossChance); i++)
        {
            delay += FirstRetransmission * (1 << i);
        }

        return delay;
    }
}
