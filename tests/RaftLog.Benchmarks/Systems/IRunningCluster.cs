namespace RaftLog.Benchmarks.Systems;

/// <summary>Nodes that run; disposing it ends them.</summary>
internal interface IRunningCluster : IAsyncDisposable
{
    /// <summary>The clients' addresses of all nodes.</summary>
    string Bootstrap { get; }

    /// <summary>The process of each node.</summary>
    IReadOnlyList<int> ProcessIds { get; }

    /// <summary>Starts the nodes again whose processes have ended, over their files; returns when the ports are open.</summary>
    Task StartAgainAsync();
}
