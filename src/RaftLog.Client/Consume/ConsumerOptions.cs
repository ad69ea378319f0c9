using RaftLog.Client.Groups;
using RaftLog.Client.Groups.Assignors;

namespace RaftLog.Client.Consume;

/// <summary>How a consumer reads. The names in brackets are Kafka's keys.</summary>
public sealed record ConsumerOptions
{
    /// <summary>The least bytes worth a response (fetch.min.bytes).</summary>
    public int MinBytes { get; init; } = 1;

    /// <summary>How long a broker waits for them (fetch.max.wait.ms).</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The most bytes of one response (fetch.max.bytes).</summary>
    public int MaxBytes { get; init; } = 50 << 20;

    /// <summary>The most bytes of one partition in a response (max.partition.fetch.bytes).</summary>
    public int MaxPartitionBytes { get; init; } = 1 << 20;

    /// <summary>The most bytes that are fetched ahead of the reader; at the bound nothing more is fetched.</summary>
    public long MaxBufferedBytes { get; init; } = 64 << 20;

    /// <summary>The most bytes that the records of one compressed batch may grow to; a larger batch is an error.</summary>
    public int MaxBatchBytes { get; init; } = 64 << 20;

    /// <summary>True to read only what transactions have committed (isolation.level=read_committed).</summary>
    public bool ReadCommitted { get; init; }

    /// <summary>True to check the CRC of every batch (check.crcs).</summary>
    public bool CheckCrcs { get; init; } = true;

    /// <summary>
    /// Where to go on when the position is not in the log any more (auto.offset.reset). Unlike Kafka's clients the default is an error:
    /// skipping records is a decision.
    /// </summary>
    public OffsetReset OffsetReset { get; init; } = OffsetReset.Error;

    /// <summary>The group that the consumer shares its topics with; needed to subscribe and to commit (group.id).</summary>
    public string? GroupId { get; init; }

    /// <summary>
    /// How the members of the group agree (group.protocol). All members of a group need the same one, though RaftLog and Kafka let a group
    /// change over.
    /// </summary>
    public GroupProtocol GroupProtocol { get; init; } = GroupProtocol.Classic;

    /// <summary>
    /// The coordinator's way to share partitions in the consumer protocol, for instance uniform or range; null for its first
    /// (group.remote.assignor).
    /// </summary>
    public string? RemoteAssignor { get; init; }

    /// <summary>
    /// A name that outlives the process: a member that comes back under it within the session keeps its partitions (group.instance.id,
    /// KIP-345).
    /// </summary>
    public string? GroupInstanceId { get; init; }

    /// <summary>
    /// How long the group waits for a sign of life (session.timeout.ms). In the consumer protocol the coordinator decides
    /// (group.consumer.session.timeout.ms); there it is how long a static member waits for the name of one that died.
    /// </summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>
    /// How often a sign of life is sent, whatever the reader does (heartbeat.interval.ms). In the consumer protocol the coordinator
    /// decides.
    /// </summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long the reader may stay away from <see cref="Consumer.ReadAsync"/>; then the member leaves, and others take over
    /// (max.poll.interval.ms).
    /// </summary>
    public TimeSpan MaxPollInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// True to commit what was handed out by earlier reads, now and then and before partitions are taken away (enable.auto.commit).
    /// </summary>
    public bool AutoCommit { get; init; } = true;

    /// <summary>
    /// True to take what was handed out as done, so that it is committed; false to commit what <see cref="Consumer.StoreOffset"/> says
    /// (enable.auto.offset.store, as in librdkafka). <see cref="Consumer.ProcessAsync"/> stores what its handlers have done, whatever is
    /// set here.
    /// </summary>
    public bool AutoOffsetStore { get; init; } = true;

    /// <summary>How often (auto.commit.interval.ms).</summary>
    public TimeSpan AutoCommitInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long to wait for a coordinator that does not respond: to commit what is given up when partitions are taken away or
    /// <see cref="Consumer.ProcessAsync"/> ends, and to commit and leave in <see cref="Consumer.DisposeAsync"/>. What is not committed by
    /// then is read again.
    /// </summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The ways to share partitions that the member knows, best first; all members need one in common (partition.assignment.strategy). Of
    /// the classic protocol.
    /// </summary>
    public IReadOnlyList<IPartitionAssignor> Assignors { get; init; } = [PartitionAssignors.Range, PartitionAssignors.CooperativeSticky];

    /// <summary>The consumer's rack, for reading from a near replica (client.rack).</summary>
    public string Rack { get; init; } = "";
}
