namespace RaftLog.Benchmarks.Systems;

/// <summary>A log system that can be started in a directory.</summary>
internal interface ISystem
{
    /// <summary>Its name in the tables.</summary>
    string Name { get; }

    /// <summary>The <c>log.flush.interval.messages</c> that it has where nobody sets it.</summary>
    long OwnFlushInterval { get; }

    /// <summary>Starts a new cluster and returns when every node serves clients.</summary>
    /// <param name="directory">An empty directory for its files.</param>
    /// <param name="shape">What to start.</param>
    Task<IRunningCluster> StartAsync(string directory, ClusterShape shape);
}
