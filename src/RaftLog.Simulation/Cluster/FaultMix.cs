namespace RaftLog.Simulation;

/// <summary>Which faults happen in a run, each with a weight against the others; zero for never.</summary>
/// <param name="MeanPause">The mean time between two faults.</param>
/// <param name="Kill">A process is killed.</param>
/// <param name="PowerLoss">A machine loses its power.</param>
/// <param name="PowerLossOfAll">Every machine loses its power at once.</param>
/// <param name="EndInOperation">A node ends in the middle of a disk operation.</param>
/// <param name="FlushFailure">A flush reports an error of the medium; the node must stop.</param>
/// <param name="ClientCrash">A producing program is killed, and another takes its place.</param>
/// <param name="Cut">Ways are cut, in one direction or in both.</param>
/// <param name="Isolation">A node is cut off from all others, clients included or not.</param>
/// <param name="Freeze">A node is held for a while.</param>
/// <param name="Reset">Connections are reset.</param>
/// <param name="LongestOutage">The longest time until a fault is over.</param>
public sealed record FaultMix(
    TimeSpan MeanPause,
    int Kill,
    int PowerLoss,
    int PowerLossOfAll,
    int EndInOperation,
    int FlushFailure,
    int ClientCrash,
    int Cut,
    int Isolation,
    int Freeze,
    int Reset,
    TimeSpan LongestOutage)
{
    /// <summary>A world without faults.</summary>
    public static FaultMix None { get; } = new(TimeSpan.FromDays(1), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, TimeSpan.FromSeconds(1));

    /// <summary>The sum of all weights.</summary>
    internal int Sum => Kill + PowerLoss + PowerLossOfAll + EndInOperation + FlushFailure + ClientCrash + Cut + Isolation + Freeze + Reset;

    /// <summary>The faults that a seed draws: some kinds not at all, so that each sometimes has the stage to itself.</summary>
    internal static FaultMix Draw(SimRandom random)
    {
        int Weight(int most) => random.Chance(0.6) ? 1 + random.Next(most) : 0;
        FaultMix drawn = new(
            TimeSpan.FromMilliseconds(700 + random.Next(2500)),
            Weight(5),
            Weight(5),
            Weight(2),
            Weight(4),
            Weight(2),
            Weight(1),
            Weight(5),
            Weight(4),
            Weight(4),
            Weight(3),
            TimeSpan.FromSeconds(1 + random.Next(8)));
        return drawn.Sum > 0 ? drawn : drawn with { PowerLoss = 1 };
    }
}
