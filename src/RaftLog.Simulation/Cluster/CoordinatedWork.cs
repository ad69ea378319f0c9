using System.Globalization;

namespace RaftLog.Simulation;

/// <summary>The programs of a run that need coordinators, by kind.</summary>
/// <param name="Members">Members of a group that commits offsets as registers; 0 for no group.</param>
/// <param name="Transfers">Programs that move money in transactions. Two share a transactional id where there are more than two.</param>
/// <param name="Pipelines">Members of a group that makes records from records exactly once.</param>
/// <param name="IsClassic">True where groups are classic, false where they use the consumer protocol.</param>
/// <param name="Transactions">How producers speak of transactions.</param>
public sealed record CoordinatedWork(int Members, int Transfers, int Pipelines, bool IsClassic, TransactionProtocol Transactions)
{
    /// <summary>
    /// True when pipelines and transfers are programs of the shipped client, false when they speak the protocol themselves.
    /// </summary>
    public bool UsesClient { get; init; }

    /// <summary>How long tombstones of the compacted internal topics stay; null where internal topics are not compacted.</summary>
    public TimeSpan? TombstonesStay { get; init; }

    private const double Share = 0.35;
    private const double CompactedShare = 0.7;
    private static readonly string[] InternalTopics = ["__consumer_offsets", "__transaction_state"];

    /// <summary>No such programs.</summary>
    public static CoordinatedWork None { get; } = new(0, 0, 0, true, TransactionProtocol.Second);

    /// <summary>True when there are any.</summary>
    public bool IsAny => Members + Transfers + Pipelines > 0;

    /// <summary>How long groups wait for a sign of life, and how long a transaction may stay open.</summary>
    internal static TimeSpan Session { get; } = TimeSpan.FromSeconds(4);

    /// <summary>What a seed draws: a third of the clusters have such work.</summary>
    internal static CoordinatedWork Draw(SimRandom random)
    {
        if (!random.Chance(Share))
        {
            return None;
        }

        int members = random.Chance(0.5) ? 2 + random.Next(2) : 0;
        int transfers = random.Chance(0.6) ? 1 + random.Next(3) : 0;
        int pipelines = random.Chance(0.5) ? 1 + random.Next(2) : 0;
        bool isClassic = random.Chance(0.5);
        TransactionProtocol transactions = random.Chance(0.5) ? TransactionProtocol.First : TransactionProtocol.Second;
        return new CoordinatedWork(members + transfers + pipelines == 0 ? 2 : members, transfers, pipelines, isClassic, transactions)
        {
            UsesClient = random.Chance(0.5),
            TombstonesStay = random.Chance(CompactedShare) ? TimeSpan.FromMilliseconds(1000 + random.Next(8000)) : null,
        };
    }

    /// <summary>True for an internal topic that is compacted in the run.</summary>
    internal bool Compacts(string topic) => TombstonesStay is not null && InternalTopics.Contains(topic);

    /// <summary>Settings of every node with which coordinators act within seconds, and change nodes with few partitions.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Settings(int replicas, int minInSync)
    {
        if (!IsAny)
        {
            yield break;
        }

        string session = Session.TotalMilliseconds.ToString(CultureInfo.InvariantCulture);
        string factor = replicas.ToString(CultureInfo.InvariantCulture);
        yield return new("offsets.topic.num.partitions", "2");
        yield return new("offsets.topic.replication.factor", factor);
        yield return new("transaction.state.log.num.partitions", "2");
        yield return new("transaction.state.log.replication.factor", factor);
        yield return new("transaction.state.log.min.isr", minInSync.ToString(CultureInfo.InvariantCulture));
        yield return new("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000");
        yield return new("group.min.session.timeout.ms", "1000");
        yield return new("group.initial.rebalance.delay.ms", "500");
        yield return new("group.consumer.min.session.timeout.ms", "1000");
        yield return new("group.consumer.session.timeout.ms", session);
        yield return new("group.consumer.min.heartbeat.interval.ms", "100");
        yield return new("group.consumer.heartbeat.interval.ms", "700");
        yield return new("group.consumer.assignment.interval.ms", "300");
        if (TombstonesStay is not { } stay)
        {
            yield return new("log.cleaner.enable", "false");
            yield break;
        }

        yield return new("log.cleaner.min.cleanable.ratio", "0.01");
        yield return new("log.cleaner.delete.retention.ms", stay.TotalMilliseconds.ToString(CultureInfo.InvariantCulture));
    }
}
