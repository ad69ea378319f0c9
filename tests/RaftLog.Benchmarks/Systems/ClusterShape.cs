namespace RaftLog.Benchmarks.Systems;

/// <summary>What both systems are started as.</summary>
/// <param name="Nodes">How many nodes, each broker and controller in a process of its own.</param>
/// <param name="FlushInterval">The value of <c>log.flush.interval.messages</c>.</param>
internal sealed record ClusterShape(int Nodes, long FlushInterval)
{
    /// <summary>Kafka's own default: flushing is left to the operating system.</summary>
    public const long NeverFlush = long.MaxValue;

    /// <summary>Further settings of each node.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Further { get; init; } = [];

    /// <summary>What each node is configured with besides its addresses; the same for both systems.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Settings =>
        [
            new("log.flush.interval.messages", FlushInterval.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            new("default.replication.factor", Nodes < 3 ? "1" : "3"),
            new("min.insync.replicas", Nodes < 3 ? "1" : "2"),
            .. Further,
        ];
}
