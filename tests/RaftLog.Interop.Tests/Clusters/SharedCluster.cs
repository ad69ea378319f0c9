namespace RaftLog.Interop.Tests.Clusters;

/// <summary>Three nodes for all tests that leave the cluster as they found it.</summary>
public sealed class SharedCluster : IAsyncLifetime
{
    private Cluster? _cluster;

    /// <inheritdoc/>
    public async Task InitializeAsync() => _cluster = await Cluster.StartAsync(3);

    /// <inheritdoc/>
    public Task DisposeAsync()
    {
        _cluster?.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>Runs a test; when it fails, the nodes' logs join the text.</summary>
    internal Task WatchAsync(Func<Cluster, Task> test) => _cluster!.WatchAsync(test);
}
