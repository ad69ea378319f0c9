namespace RaftLog.Simulation;

/// <summary>What a run is like. Each seed draws its own; what was drawn is printed when the run fails.</summary>
public sealed record SimulationOptions
{
    /// <summary>The seed of everything.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The number of nodes, each a broker and a controller.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>What an acknowledged record rests on.</summary>
    public FlushPromise Promise { get; init; } = FlushPromise.Flushed;

    /// <summary>The partitions of the topic.</summary>
    public int Partitions { get; init; } = 3;

    /// <summary>The number of producers; each is a program of its own.</summary>
    public int Producers { get; init; } = 2;

    /// <summary>The mean time between two sends of a producer.</summary>
    public TimeSpan SendInterval { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>The most bytes that a record has besides its value.</summary>
    public int MaxFill { get; init; } = 400;

    /// <summary>How long faults happen.</summary>
    public TimeSpan FaultTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a healed cluster may take until clients make progress again.</summary>
    public TimeSpan RecoveryLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The faults.</summary>
    public FaultMix Faults { get; init; } = FaultMix.None;

    /// <summary>The network.</summary>
    public LinkProfile Link { get; init; } = new(TimeSpan.FromMicroseconds(100), TimeSpan.FromMicroseconds(300), 0, TimeSpan.Zero);

    /// <summary>The disks.</summary>
    public DiskProfile Disk { get; init; } = new(TimeSpan.FromMicroseconds(50), TimeSpan.FromMicroseconds(500), 0, TimeSpan.Zero);

    /// <summary>Settings of every node.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];

    /// <summary>The options that a seed draws.</summary>
    public static SimulationOptions Draw(ulong seed)
    {
        SimRandom random = new SimRandom(seed).Split("options");
        int session = 2000 + (1000 * random.Next(4));
        return new SimulationOptions
        {
            Seed = seed,
            Producers = 1 + random.Next(3),
            MaxFill = random.Chance(0.7) ? 400 : 16_000,
            Faults = FaultMix.Draw(random),
            Link = new LinkProfile(
                TimeSpan.FromMicroseconds(50 + random.Next(500)),
                TimeSpan.FromMicroseconds(100 + random.Next(2000)),
                random.Chance(0.5) ? 0.001 * random.Next(10) : 0,
                TimeSpan.FromMilliseconds(100 + random.Next(4000))),
            Disk = new DiskProfile(
                TimeSpan.FromMicroseconds(20 + random.Next(200)),
                TimeSpan.FromMicroseconds(100 + random.Next(5000)),
                random.Chance(0.5) ? 0.01 * random.NextUnit() : 0,
                TimeSpan.FromMilliseconds(50 + random.Next(1500))),
            Properties =
            [
                new("broker.session.timeout.ms", $"{session}"),
                new("broker.heartbeat.interval.ms", $"{session / 6}"),
                new("replica.lag.time.max.ms", $"{2000 + (1000 * random.Next(4))}"),
                new("replica.socket.timeout.ms", "3000"),
                new("request.timeout.ms", "3000"),
                new("min.insync.replicas", "2"),
                new("default.replication.factor", "3"),
                new("log.segment.bytes", "1048576"),
            ],
        };
    }
}
