namespace RaftLog.Benchmarks.ReplicatedLogs;

/// <summary>Three processes that agree on a log, whatever software they run.</summary>
internal interface IReplicatedLog : IAsyncDisposable
{
    /// <summary>The process of each node.</summary>
    IReadOnlyList<int> ProcessIds { get; }

    /// <summary>The index of the node that leads now; waits for one.</summary>
    Task<int> FindLeaderAsync();

    /// <summary>Connects to a node.</summary>
    /// <exception cref="IOException">It does not listen.</exception>
    Task<IEntryConnection> ConnectAsync(int node);

    /// <summary>Starts all nodes again over their files, after all processes have ended.</summary>
    Task StartAgainAsync();

    /// <summary>
    /// How many entries the leader counts as committed, its own included; so a difference of two calls is what was added.
    /// </summary>
    Task<long> CountAsync();
}

/// <summary>A connection that commits one entry after the other.</summary>
internal interface IEntryConnection : IDisposable
{
    /// <summary>
    /// Sends an entry of the run's size and waits until it is committed; false when this node does not lead, or cannot commit it now.
    /// </summary>
    /// <exception cref="IOException">The connection has ended.</exception>
    ValueTask<bool> CommitAsync();
}
