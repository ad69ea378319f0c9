namespace RaftLog.Checking;

/// <summary>What clients did and saw in one run, and what was there at its end. Empty lists are allowed, and then show nothing.</summary>
public sealed record History
{
    /// <summary>Every send, those of one producer in the order of the calls.</summary>
    public IReadOnlyList<SentRecord> Sends { get; init; } = [];

    /// <summary>What consumers saw while the run went on.</summary>
    public IReadOnlyList<SeenRecord> Seen { get; init; } = [];

    /// <summary>Everything that a reader finds after all has healed, from the beginning of every partition to its end.</summary>
    public IReadOnlyList<SeenRecord> Final { get; init; } = [];

    /// <summary>False when the final read was given up before the end of some partition: what lies beyond is unknown, not lost.</summary>
    public bool IsFinalComplete { get; init; } = true;

    /// <summary>The files of every replica after the run.</summary>
    public IReadOnlyList<ReplicaLog> Replicas { get; init; } = [];

    /// <summary>What clients were told of the ends of partitions (ListOffsets).</summary>
    public IReadOnlyList<SeenEnd> Ends { get; init; } = [];

    /// <summary>What consumers were told of high watermarks.</summary>
    public IReadOnlyList<SeenHighWatermark> HighWatermarks { get; init; } = [];

    /// <summary>What clients were told of leaders.</summary>
    public IReadOnlyList<SeenLeader> Leaders { get; init; } = [];

    /// <summary>What was done with compacted partitions, of which every other list says nothing.</summary>
    public IReadOnlyList<KeyedHistory> Keyed { get; init; } = [];

    /// <summary>What was done to topics, and what was read of them.</summary>
    public IReadOnlyList<MetadataOperation> Metadata { get; init; } = [];

    /// <summary>
    /// True when the system promises to make a change of a topic at most once, so that a rejected change was not made. False for Apache
    /// Kafka, whose brokers send again what a controller did not answer, and hand on what the second copy is told.
    /// </summary>
    public bool MakesChangesOnce { get; init; }

    /// <summary>Times in which something had to be acknowledged.</summary>
    public IReadOnlyList<AvailabilityPromise> Promises { get; init; } = [];

    /// <summary>Reads that gave bytes that nobody wrote, as told by the reader.</summary>
    public IReadOnlyList<string> CorruptReads { get; init; } = [];

    /// <summary>Ends of processes that nobody asked for, and last words that a process must not say.</summary>
    public IReadOnlyList<string> UnexpectedExits { get; init; } = [];

    /// <summary>The transactions that producers began.</summary>
    public IReadOnlyList<ClientTransaction> Transactions { get; init; } = [];

    /// <summary>The incarnations of transactional producers (InitProducerId).</summary>
    public IReadOnlyList<ProducerSession> Sessions { get; init; } = [];

    /// <summary>How far transactions were decided at the end, when nothing was open any more.</summary>
    public IReadOnlyList<StableEnd> StableEnds { get; init; } = [];

    /// <summary>Commits and reads of the offsets of groups, and what members learned of generations.</summary>
    public IReadOnlyList<OffsetOperation> Offsets { get; init; } = [];

    /// <summary>The times in which members of groups held partitions.</summary>
    public IReadOnlyList<Ownership> Ownerships { get; init; } = [];

    /// <summary>Groups that made records from records, each exactly once.</summary>
    public IReadOnlyList<Pipeline> Pipelines { get; init; } = [];
}
