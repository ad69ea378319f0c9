namespace RaftLog.Testing;

/// <summary>What a cluster in a test process is like.</summary>
public sealed record EmbeddedClusterOptions
{
    /// <summary>How many nodes, each broker and controller. Their ids are 1, 2, 3, ...</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>
    /// True to listen on free TCP ports of 127.0.0.1, so that any Kafka client can connect. False to use no socket at all: then only
    /// <see cref="EmbeddedCluster.Connect"/> reaches the cluster.
    /// </summary>
    public bool Sockets { get; init; } = true;

    /// <summary>
    /// The folder for the nodes' data, in which each has one of its own; null to keep everything in memory. The folder is made if need be,
    /// and stays when the cluster is gone.
    /// </summary>
    public string? Folder { get; init; }

    /// <summary>
    /// True to note what the nodes have flushed, so that <see cref="EmbeddedCluster.KillNodeAsync(int, bool)"/> can lose the rest. Costs
    /// memory for what is not flushed.
    /// </summary>
    public bool NotesFlushes { get; init; }

    /// <summary>
    /// The clock of the nodes and of the clients that <see cref="EmbeddedCluster.Connect"/> makes. With a clock that a test moves, the
    /// cluster stands still until it is moved.
    /// </summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// Configuration of every node, by Kafka's keys. Without <c>default.replication.factor</c> a topic gets up to three replicas.
    /// </summary>
    public IReadOnlyDictionary<string, string> Configuration { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Takes the warnings and errors of the nodes, a line each.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>How long the cluster may take to be ready, on the system's clock.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the stop in order may take at the end, on the system's clock; then the nodes are abandoned.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
