namespace RaftLog.Simulation.Cores;

/// <summary>What one seed of the cores draws for its run (times in milliseconds, chances per thousand).</summary>
internal sealed record CoreOptions
{
    /// <summary>Each is a broker.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>The first of the nodes vote, and may be the active controller.</summary>
    public int Voters { get; init; } = 3;

    public int Partitions { get; init; } = 2;

    public int ReplicationFactor { get; init; } = 3;

    public int MinInSync { get; init; } = 2;

    /// <summary>False for a topic that leaves flushing to the operating system: then nodes are killed, and keep what they wrote.</summary>
    public bool FlushesEachAppend { get; init; } = true;

    public LinkFaults Link { get; init; } = new(Loss: 0, Duplicates: 0, MaxDelayMs: 3, Late: 0, LatestMs: 1);

    /// <summary>The longest usual time of a disk operation.</summary>
    public int DiskMs { get; init; } = 3;

    public int SessionMs { get; init; } = 1500;

    public int HeartbeatMs { get; init; } = 250;

    public int MaxLagMs { get; init; } = 1000;

    public int Producers { get; init; } = 3;

    /// <summary>The mean time between two records of a producer.</summary>
    public int ProduceMs { get; init; } = 120;

    /// <summary>The mean time between two polls of a consumer; each partition has one.</summary>
    public int PollMs { get; init; } = 250;

    /// <summary>The most records of one fetch of a follower.</summary>
    public int MostEntries { get; init; } = 20;

    /// <summary>The most records of one fetch of the metadata log.</summary>
    public int MostMetadata { get; init; } = 5;

    /// <summary>The mean time between two faults; 0 for none.</summary>
    public int FaultMs { get; init; } = 1000;

    /// <summary>The weights of the faults against each other.</summary>
    public FaultWeights Weights { get; init; } = new();

    /// <summary>After how many milliseconds without a record the controller writes one; 0 never.</summary>
    public int IdleMs { get; init; }

    /// <summary>How long faults happen.</summary>
    public int FaultyMs { get; init; } = 20_000;

    /// <summary>How long everything is well after that.</summary>
    public int HealedMs { get; init; } = 10_000;

    public static CoreOptions Draw(Chance chance)
    {
        int nodes = chance.PerMille(600) ? 3 : chance.Between(2, 5);
        int factor = chance.PerMille(700) ? Math.Min(3, nodes) : chance.Between(2, nodes);
        int session = chance.Between(700, 2500);
        bool flushes = chance.PerMille(850);
        CoreOptions options = new()
        {
            Nodes = nodes,
            Voters = chance.PerMille(800) ? Math.Min(3, nodes) : chance.Between(1, nodes),
            Partitions = chance.Between(1, 3),
            ReplicationFactor = factor,
            MinInSync = chance.Between(1, Math.Min(factor, 3)),
            FlushesEachAppend = flushes,
            Link = new LinkFaults(
                Loss: chance.PerMille(500) ? chance.Between(1, 80) : 0,
                Duplicates: chance.PerMille(400) ? chance.Between(1, 100) : 0,
                MaxDelayMs: chance.Between(1, 25),
                Late: chance.PerMille(500) ? chance.Between(1, 40) : 0,
                LatestMs: chance.Between(100, 4000)
            ),
            DiskMs = chance.Between(1, 50),
            SessionMs = session,
            HeartbeatMs = session / 5,
            MaxLagMs = chance.Between(200, 1500),
            Producers = chance.Between(2, 4),
            ProduceMs = chance.Between(70, 250),
            PollMs = chance.Between(80, 200),
            MostEntries = chance.Between(2, 40),
            FaultMs = chance.Between(150, 1500),
            Weights = FaultWeights.Draw(chance, flushes),
            IdleMs = chance.PerMille(300) ? chance.Between(300, 1000) : 0,
        };
        return options with { Weights = options.Weights with { Stop = chance.PerMille(500) ? chance.Between(1, 4) : 0 } };
    }

    /// <summary>What a seed draws; in one of a hundred there are many partitions.</summary>
    public static CoreOptions Draw(SimRandom seed)
    {
        CoreOptions drawn = Draw(new Chance(seed.Split("options")));
        Chance many = new(seed.Split("many partitions"));
        return many.PerMille(10) ? drawn.WithManyPartitions(many.Between(50, 400)) : drawn;
    }

    /// <summary>
    /// The same with so many partitions, for a shorter time: each has its followers and a consumer. What fails over changes them all, so a
    /// fetch of the metadata log carries many records, as the shipped node's does: one that carried a handful would need longer for that
    /// than a session lasts. A stop that has begun may end two seconds after everything was healed.
    /// </summary>
    public CoreOptions WithManyPartitions(int partitions) =>
        this with
        {
            Partitions = partitions,
            MostMetadata = 2 * partitions,
            FaultyMs = 2_000,
            HealedMs = 7_500,
            PollMs = 2_000,
            ProduceMs = 20,
            FaultMs = Math.Min(FaultMs, 600),
        };
}

/// <summary>How likely each fault is against the others; 0 for never.</summary>
internal sealed record FaultWeights(
    int Kill = 3,
    int PowerLoss = 3,
    int PowerLossOfAll = 1,
    int Cut = 2,
    int Isolation = 3,
    int Pause = 2,
    int Reset = 2,
    int Move = 2,
    int Resign = 1,
    int Snapshot = 2,
    int Stop = 0
)
{
    public int Sum => Kill + PowerLoss + PowerLossOfAll + Cut + Isolation + Pause + Reset + Move + Resign + Snapshot + Stop;

    public static FaultWeights Draw(Chance chance, bool mayLosePower)
    {
        int Of(int most) => chance.PerMille(300) ? 0 : chance.Between(1, most);
        return new FaultWeights(
            Kill: chance.Between(1, 6),
            PowerLoss: mayLosePower ? Of(8) : 0,
            PowerLossOfAll: mayLosePower ? Of(2) : 0,
            Cut: Of(4),
            Isolation: Of(6),
            Pause: Of(4),
            Reset: Of(3),
            Move: Of(5),
            Resign: Of(3),
            Snapshot: Of(4)
        );
    }
}
