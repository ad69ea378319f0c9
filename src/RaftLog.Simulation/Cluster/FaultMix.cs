using System.Globalization;

namespace RaftLog.Simulation;

/// <summary>Which faults happen in a run, each kind with a weight against the others; a kind that is absent never happens.</summary>
/// <param name="MeanPause">The mean time between two faults.</param>
/// <param name="LongestOutage">The longest time until a fault is over.</param>
/// <param name="Weights">The weights, all above zero.</param>
public sealed record FaultMix(TimeSpan MeanPause, TimeSpan LongestOutage, IReadOnlyDictionary<FaultKind, int> Weights)
{
    private static readonly (FaultKind Kind, int Most)[] Drawable =
    [
        (FaultKind.Kill, 5),
        (FaultKind.KillInStep, 4),
        (FaultKind.PowerLoss, 5),
        (FaultKind.PowerLossOfMost, 2),
        (FaultKind.PowerLossOfAll, 2),
        (FaultKind.EndInOperation, 4),
        (FaultKind.FlushFailure, 2),
        (FaultKind.DiskFull, 1),
        (FaultKind.SlowDisk, 2),
        (FaultKind.WipedDisk, 1),
        (FaultKind.ClientCrash, 1),
        (FaultKind.Cut, 5),
        (FaultKind.Isolation, 4),
        (FaultKind.Split, 3),
        (FaultKind.Freeze, 4),
        (FaultKind.Reset, 3),
        (FaultKind.BadLink, 3),
        (FaultKind.ClockJump, 1),
        (FaultKind.KillInCall, 4),
        (FaultKind.BitRot, 2),
        (FaultKind.MisdirectedWrite, 1),
        (FaultKind.UnreadableSector, 2),
    ];

    /// <summary>Kinds that few mixes have, so that two of them hardly come together by themselves.</summary>
    private static readonly FaultKind[] Rare =
    [
        FaultKind.EndInOperation,
        FaultKind.FlushFailure,
        FaultKind.DiskFull,
        FaultKind.NoDescriptors,
        FaultKind.UnchangeableDirectories,
        FaultKind.SlowDisk,
        FaultKind.ClientCrash,
        FaultKind.ClockJump,
        FaultKind.KillInCall,
        FaultKind.BitRot,
        FaultKind.MisdirectedWrite,
        FaultKind.UnreadableSector,
        FaultKind.ForeignLog,
        FaultKind.HungDisk,
        FaultKind.Stop,
    ];

    private const double StopShare = 0.4;
    private const double ForeignShare = 0.3;
    private const double RejectionShare = 0.3;
    private const double HangShare = 0.25;

    /// <summary>A world without faults.</summary>
    public static FaultMix None { get; } = Of(TimeSpan.FromDays(1), TimeSpan.FromSeconds(1));

    /// <summary>The sum of all weights.</summary>
    internal int Sum => Weights.Values.Sum();

    /// <summary>A mix of some kinds, all alike.</summary>
    public static FaultMix Of(TimeSpan meanPause, TimeSpan longestOutage, params FaultKind[] kinds) =>
        new(meanPause, longestOutage, new SortedDictionary<FaultKind, int>(kinds.ToDictionary(each => each, _ => 1)));

    /// <summary>The mix without some kinds.</summary>
    public FaultMix Without(params FaultKind[] kinds) =>
        this with
        {
            Weights = new SortedDictionary<FaultKind, int>(Weights.Where(each => !kinds.Contains(each.Key)).ToDictionary()),
        };

    /// <summary>The mix with two rare kinds, each as frequent as a quarter of all others.</summary>
    internal FaultMix WithRarePair(SimRandom random)
    {
        SortedDictionary<FaultKind, int> weights = new(Weights.ToDictionary());
        int weight = 1 + (Sum / 4);
        weights[Rare[random.Next(Rare.Length)]] = weight;
        weights[Rare[random.Next(Rare.Length)]] = weight;
        return this with { Weights = weights };
    }

    /// <inheritdoc />
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"every {MeanPause.TotalMilliseconds:F0} ms, for {LongestOutage.TotalMilliseconds:F0} ms at most: "
                + $"{string.Join(", ", Weights.Select(each => $"{each.Key} {each.Value}"))}"
        );

    /// <summary>The faults that a seed draws: some kinds not at all, so that each sometimes has the stage to itself.</summary>
    internal static FaultMix Draw(SimRandom random)
    {
        double share = 0.2 + (0.6 * random.NextUnit());
        SortedDictionary<FaultKind, int> weights = [];
        foreach ((FaultKind kind, int most) in Drawable)
        {
            int weight = 1 + random.Next(most);
            if (random.Chance(share))
            {
                weights[kind] = weight;
            }
        }

        // Drawn apart from the others, as what came later: the mix of a seed without it stays what it was.
        SimRandom stops = random.Split("stops");
        if (stops.Chance(StopShare))
        {
            weights[FaultKind.Stop] = 1 + stops.Next(4);
        }

        SimRandom foreign = random.Split("foreign logs");
        if (foreign.Chance(ForeignShare))
        {
            weights[FaultKind.ForeignLog] = 1 + foreign.Next(2);
        }

        SimRandom rejections = random.Split("rejections");
        foreach (FaultKind kind in (FaultKind[])[FaultKind.NoDescriptors, FaultKind.UnchangeableDirectories])
        {
            if (rejections.Chance(RejectionShare))
            {
                weights[kind] = 1 + rejections.Next(2);
            }
        }

        SimRandom hangs = random.Split("hung disks");
        if (hangs.Chance(HangShare))
        {
            weights[FaultKind.HungDisk] = 1 + hangs.Next(2);
        }

        TimeSpan pause = TimeSpan.FromMilliseconds(500 + random.Next(2500));
        TimeSpan outage = TimeSpan.FromSeconds(1 + random.Next(8));
        return weights.Count > 0 ? new FaultMix(pause, outage, weights) : Of(pause, outage, FaultKind.PowerLoss);
    }
}
