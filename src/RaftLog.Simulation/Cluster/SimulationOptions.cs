using System.Globalization;
using RaftLog.Protocol.Compression;

namespace RaftLog.Simulation;

/// <summary>What a run is like. Each seed draws its own; what was drawn is printed when the run fails.</summary>
public sealed record SimulationOptions
{
    private static readonly int[] Shapes = [1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 5, 5, 5, 5];
    private static readonly int[] SendIntervals = [30, 60, 100, 150, 250];

    /// <summary>The seed of everything.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The number of nodes.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>So many nodes, those with the lowest numbers, are controllers and vote; null for all.</summary>
    public int? Voters { get; init; }

    /// <summary>So many nodes, those with the highest numbers, are brokers; null for all.</summary>
    public int? Brokers { get; init; }

    /// <summary>What an acknowledged record rests on.</summary>
    public FlushPromise Promise { get; init; } = FlushPromise.Flushed;

    /// <summary>The partitions of the topic.</summary>
    public int Partitions { get; init; } = 3;

    /// <summary>The replicas of each partition.</summary>
    public int Replicas { get; init; } = 3;

    /// <summary>As many must be in sync for a record to be accepted.</summary>
    public int MinInSync { get; init; } = 2;

    /// <summary>The number of producers; each is a program of its own.</summary>
    public int Producers { get; init; } = 2;

    /// <summary>The mean time between two sends of a producer.</summary>
    public TimeSpan SendInterval { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>The most bytes that a record has besides its value.</summary>
    public int MaxFill { get; init; } = 400;

    /// <summary>The mean time between two new topics of the administrator.</summary>
    public TimeSpan TopicInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>So many programs change the same few topics.</summary>
    public int TopicPrograms { get; init; }

    /// <summary>The programs that need coordinators.</summary>
    public CoordinatedWork Coordinated { get; init; } = CoordinatedWork.None;

    /// <summary>Whether a program moves the leaders of the topic's partitions all the time.</summary>
    public bool MovesLeaders { get; init; }

    /// <summary>Whether each node has two log directories, and a program moves replicas between them all the time.</summary>
    public bool MovesReplicas { get; init; }

    /// <summary>Whether a program assigns the partitions of a topic to other brokers all the time.</summary>
    public bool AssignsPartitions { get; init; }

    /// <summary>So many programs ask for records and never read a response.</summary>
    public int GreedyClients { get; init; }

    /// <summary>The memory of each node for large requests, in bytes; null where it is plenty and nobody sends large ones.</summary>
    public int? RequestBudget { get; init; }

    /// <summary>So many programs send parts of large requests, where there is a budget.</summary>
    public int PartSenders { get; init; }

    /// <summary>So many bytes wait at most on a connection for a receiver that does not read.</summary>
    public int Window { get; init; } = 256 << 10;

    /// <summary>Whether faults that have hardly come together in the run are drawn more, and stops where they hurt.</summary>
    public bool PairsFaults { get; init; }

    /// <summary>The compacted topic; null for none.</summary>
    public LogTopic? Compacted { get; init; }

    /// <summary>The topic with retention and deleted records; null for none.</summary>
    public LogTopic? Retained { get; init; }

    /// <summary>Whether a program looks up records by time.</summary>
    public bool LooksUpTimes { get; init; }

    /// <summary>Whether a program changes configuration in its short and its long form.</summary>
    public bool ChangesConfigs { get; init; }

    /// <summary>Whether a program asks for what cannot be.</summary>
    public bool AsksWrongly { get; init; }

    /// <summary>Whether what leaves the machines is held against their disk images; without it only the end of the run is judged.</summary>
    public bool WatchesImages { get; init; } = true;

    /// <summary>How the producers compress their batches.</summary>
    public CompressionType Compression { get; init; } = CompressionType.None;

    /// <summary>Whether clients look at checksums, as they are shipped to; without it they take what a corrupt disk gives.</summary>
    public bool ClientsCheckChecksums { get; init; } = true;

    /// <summary>How long faults happen.</summary>
    public TimeSpan FaultTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a healed cluster may take until clients make progress again.</summary>
    public TimeSpan RecoveryLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The faults.</summary>
    public FaultMix Faults { get; init; } = FaultMix.None;

    /// <summary>The network.</summary>
    public LinkProfile Link { get; init; } = new(TimeSpan.FromMicroseconds(100), TimeSpan.FromMicroseconds(300), 0, TimeSpan.Zero, 0);

    /// <summary>The disks.</summary>
    public DiskProfile Disk { get; init; } = new(TimeSpan.FromMicroseconds(50), TimeSpan.FromMicroseconds(500), 0, TimeSpan.Zero);

    /// <summary>Settings of every node.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];

    /// <summary>The options that a seed draws.</summary>
    public static SimulationOptions Draw(ulong seed)
    {
        SimRandom random = new SimRandom(seed).Split("options");
        int nodes = Shapes[random.Next(Shapes.Length)];
        int replicas = Math.Min(nodes, random.Chance(0.85) ? 3 : 2);
        int minInSync =
            replicas < 2 ? 1
            : random.Chance(0.8) ? 2
            : 1;
        int session = 1500 + (500 * random.Next(6));
        int election = 300 + (100 * random.Next(8));
        bool large = random.Chance(0.15);
        FlushPromise promise = random.Chance(0.15) ? FlushPromise.PageCache : FlushPromise.Flushed;
        FaultMix faults = FaultMix.Draw(random);
        SimRandom rare = new SimRandom(seed).Split("rare pair");
        bool hasRarePair = rare.Chance(0.3);
        faults = hasRarePair ? faults.WithRarePair(rare) : faults;
        CoordinatedWork coordinated = CoordinatedWork.Draw(new SimRandom(seed).Split("coordinated work"));
        SimRandom logs = new SimRandom(seed).Split("logs");
        LogTopic? compacted = logs.Chance(0.3) ? LogTopic.DrawCompacted(logs) : null;
        LogTopic? retained = logs.Chance(0.3) ? LogTopic.DrawRetained(logs) : null;
        (int? voters, int? brokers) = DrawRoles(new SimRandom(seed).Split("roles"));
        if (voters is not null && brokers is not null)
        {
            replicas = Math.Min(replicas, brokers.Value);
            minInSync = Math.Min(minInSync, replicas);
            nodes = voters.Value + brokers.Value;
        }

        SimRandom load = new SimRandom(seed).Split("moves and greed");
        bool movesLeaders = load.Chance(0.25);
        int greedy = load.Chance(0.2) ? 1 + load.Next(3) : 0;
        bool movesReplicas = new SimRandom(seed).Split("moves of replicas").Chance(0.15);
        faults = movesReplicas ? WithoutDiskFailures(faults) : faults;
        SimRandom memory = new SimRandom(seed).Split("memory");
        int? budget = !large && memory.Chance(0.2) ? (512 + (128 * memory.Next(4))) << 10 : null;
        int partSenders = budget is null ? 0 : 3 + memory.Next(6);
        bool stalls = greedy > 0 || budget is not null;
        return new SimulationOptions
        {
            Seed = seed,
            MovesLeaders = movesLeaders,
            MovesReplicas = movesReplicas,
            Compression = DrawCompression(new SimRandom(seed).Split("compression")),
            AssignsPartitions = new SimRandom(seed).Split("assignments").Chance(0.25),
            GreedyClients = greedy,
            RequestBudget = budget,
            PartSenders = partSenders,
            Window = greedy > 0 ? 4096 << load.Next(4) : 256 << 10,
            PairsFaults = hasRarePair || new SimRandom(seed).Split("pairs of faults").Chance(1.0 / 3),
            Nodes = nodes,
            Voters = voters,
            Brokers = brokers,
            Replicas = replicas,
            MinInSync = minInSync,
            Promise = promise,
            Partitions = large ? 1 : 1 + random.Next(4),
            Producers = 1 + random.Next(3),
            SendInterval = TimeSpan.FromMilliseconds(SendIntervals[random.Next(SendIntervals.Length)]),
            TopicPrograms = DrawTopicPrograms(new SimRandom(seed).Split("topic programs")),
            Coordinated = coordinated,
            Compacted = compacted,
            Retained = retained,
            LooksUpTimes = logs.Chance(0.4),
            ChangesConfigs = logs.Chance(0.3),
            AsksWrongly = new SimRandom(seed).Split("wrong requests").Chance(0.3),
            MaxFill =
                large ? 16_000
                : random.Chance(0.8) ? 300
                : 3000,
            Faults = promise == FlushPromise.Flushed ? faults : WithinPageCache(faults),
            Link = new LinkProfile(
                TimeSpan.FromMicroseconds(50 + random.Next(500)),
                TimeSpan.FromMicroseconds(100 + random.Next(2000)),
                random.Chance(0.5) ? 0.001 * random.Next(10) : 0,
                TimeSpan.FromMilliseconds(100 + random.Next(6000)),
                random.Chance(0.4) ? 0.03 * random.NextUnit() : 0
            ),
            Disk = new DiskProfile(
                TimeSpan.FromMicroseconds(20 + random.Next(200)),
                TimeSpan.FromMicroseconds(100 + random.Next(5000)),
                random.Chance(0.5) ? 0.01 * random.NextUnit() : 0,
                TimeSpan.FromMilliseconds(50 + random.Next(1500)),
                Descriptors: DrawDescriptors(new SimRandom(seed).Split("descriptors"))
            ),
            Properties =
            [
                new("broker.session.timeout.ms", $"{session}"),
                new("broker.heartbeat.interval.ms", $"{session / 6}"),
                new("replica.lag.time.max.ms", $"{1000 + (500 * random.Next(8))}"),
                new("replica.fetch.wait.max.ms", $"{100 + (100 * random.Next(5))}"),
                new("replica.socket.timeout.ms", "3000"),
                new("request.timeout.ms", "3000"),
                new("min.insync.replicas", $"{minInSync}"),
                new("default.replication.factor", $"{replicas}"),
                new("log.segment.bytes", "1048576"),
                new("controller.quorum.election.timeout.ms", $"{election}"),
                new("controller.quorum.election.backoff.max.ms", $"{election}"),
                new("controller.quorum.fetch.timeout.ms", $"{election * 2}"),
                new("controller.quorum.append.linger.ms", random.Chance(0.5) ? "25" : "0"),
                new("metadata.log.max.record.bytes.between.snapshots", $"{(random.Chance(0.6) ? 1000 + random.Next(6000) : 1 << 20)}"),
                .. DrawSegmentAges(new SimRandom(seed).Split("segments"), coordinated.TombstonesStay is not null),
                .. coordinated.Settings(replicas, minInSync),
                .. stalls ? new KeyValuePair<string, string>[] { new("raftlog.connection.stall.timeout.ms", "2000") } : [],
                .. Budgets(budget, memory),
                .. DrawFetchSessions(new SimRandom(seed).Split("fetch sessions")),
                .. compacted is null && coordinated.TombstonesStay is null
                    ? []
                    : new KeyValuePair<string, string>[] { new("log.cleaner.backoff.ms", "700") },
                .. retained is null ? [] : new KeyValuePair<string, string>[] { new("log.retention.check.interval.ms", "900") },
                .. promise == FlushPromise.PageCache
                    ? new KeyValuePair<string, string>[] { new("log.flush.interval.messages", "9223372036854775807") }
                    : [],
            ],
        };
    }

    /// <summary>Everything that was drawn, for people.</summary>
    public string Describe() =>
        string.Join(
            '\n',
            $"seed {Seed}: {Nodes} nodes{(Voters is null ? "" : $", {Voters} of them controllers and {Brokers} brokers")}, {Partitions} "
                + $"partitions of {Replicas} replicas, {MinInSync} in sync at least, promise {Promise}",
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Producers} producers, {TopicPrograms} programs that change topics, a record every {SendInterval.TotalMilliseconds} "
                    + $"ms (compression: {Compression}) of up to {MaxFill} bytes, faults for {FaultTime.TotalSeconds} s"
            ),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{GreedyClients} clients that do not read, windows of {Window} "
                    + $"bytes{(MovesLeaders ? ", leaders are moved" : "")}{(MovesReplicas ? ", replicas are moved" : "")}"
                    + $"{(AssignsPartitions ? ", partitions are assigned anew" : "")}"
                    + $"{(PairsFaults ? ", faults are paired" : "")}"
                    + $"{(RequestBudget is null ? "" : $", {RequestBudget} bytes for large requests, {PartSenders} that send parts")}"
            ),
            $"{Coordinated}",
            $"topics besides {Compacted?.ToString() ?? "none that is compacted"}, {Retained?.ToString() ?? "none that loses records"}",
            $"faults {Faults}",
            $"{Link}",
            $"{Disk}",
            string.Join(' ', Properties.Select(each => $"{each.Key}={each.Value}"))
        );

    /// <summary>True when a node is a controller, with a vote.</summary>
    internal bool IsVoter(int node) => node <= (Voters ?? Nodes);

    /// <summary>True when a node is a broker.</summary>
    internal bool IsBroker(int node) => node > Nodes - (Brokers ?? Nodes);

    // In one cluster of six the roles lie on nodes of their own.
    // Some nodes may open fewer files than they have logs, so files are closed and opened again all the time.
    private static long DrawDescriptors(SimRandom random) => random.Chance(0.4) ? 240 + random.Next(100) : long.MaxValue;

    private static (int? Voters, int? Brokers) DrawRoles(SimRandom random) =>
        random.Chance(1.0 / 6) ? (random.Chance(0.7) ? 3 : 1, 2 + random.Next(2)) : (null, null);

    // A leader looks into compressed batches before it appends them.
    private static CompressionType DrawCompression(SimRandom random) =>
        random.Chance(0.4) ? (CompressionType)(1 + random.Next(4)) : CompressionType.None;

    private static int DrawTopicPrograms(SimRandom random) => random.Chance(0.25) ? 2 + random.Next(2) : 0;

    // Half of the clusters begin new segments by age, the smallest size being more than a minute writes; and all whose internal topics are
    // compacted, since only segments that have ended are.
    private static IEnumerable<KeyValuePair<string, string>> DrawSegmentAges(SimRandom random, bool always)
    {
        if (random.Chance(0.5) || always)
        {
            yield return new("log.roll.ms", $"{500 + random.Next(8000)}");
        }

        if (random.Chance(0.3))
        {
            yield return new("metadata.log.segment.ms", $"{500 + random.Next(8000)}");
        }
    }

    // In one cluster of three nodes keep no fetch session, or too few for all who want one, so that sessions are rejected and evicted.
    private static IEnumerable<KeyValuePair<string, string>> DrawFetchSessions(SimRandom random)
    {
        if (random.Chance(1.0 / 3))
        {
            yield return new("max.incremental.fetch.session.cache.slots", $"{random.Next(3)}");
        }
    }

    // A request of a client and a follower's fetch fit in, and little more.
    private static IEnumerable<KeyValuePair<string, string>> Budgets(int? requests, SimRandom random)
    {
        if (requests is null)
        {
            yield break;
        }

        yield return new("socket.request.max.bytes", $"{200 << 10}");
        yield return new("queued.max.request.bytes", $"{requests}");
        if (random.Chance(0.5))
        {
            yield return new("replica.fetch.response.max.bytes", $"{128 << random.Next(3)}000");
            yield return new("raftlog.replication.buffer.bytes", "1");
        }
    }

    /// <summary>
    /// A node with a second log directory goes on without one that has failed, until somebody starts it again; nobody here does.
    /// </summary>
    private static FaultMix WithoutDiskFailures(FaultMix drawn)
    {
        FaultMix kept = drawn.Without(
            FaultKind.FlushFailure,
            FaultKind.DiskFull,
            FaultKind.UnchangeableDirectories,
            FaultKind.BitRot,
            FaultKind.MisdirectedWrite,
            FaultKind.UnreadableSector
        );
        return kept.Weights.Count > 0 ? kept : FaultMix.Of(drawn.MeanPause, drawn.LongestOutage, FaultKind.PowerLoss);
    }

    /// <summary>Faults that the page-cache promise covers: processes die, power stays.</summary>
    private static FaultMix WithinPageCache(FaultMix drawn)
    {
        FaultMix kept = drawn.Without(
            FaultKind.PowerLoss,
            FaultKind.PowerLossOfMost,
            FaultKind.PowerLossOfAll,
            FaultKind.EndInOperation,
            FaultKind.FlushFailure,
            FaultKind.WipedDisk
        );
        return kept.Weights.Count > 0 ? kept : FaultMix.Of(drawn.MeanPause, drawn.LongestOutage, FaultKind.Kill);
    }
}
