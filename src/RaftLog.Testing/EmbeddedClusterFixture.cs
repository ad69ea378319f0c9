namespace RaftLog.Testing;

/// <summary>
/// One cluster for all tests of a class or a collection. Has the shape of xunit 3's <c>IAsyncLifetime</c> without needing xunit:
/// <code>
/// public sealed class Cluster : EmbeddedClusterFixture, IAsyncLifetime;
/// public class OrderTests(Cluster cluster) : IClassFixture&lt;Cluster&gt; { ... }
/// </code>
/// In xunit 2, whose interface returns tasks, the class implements it by <c>InitializeAsync().AsTask()</c> and
/// <c>DisposeAsync().AsTask()</c>.
/// </summary>
public class EmbeddedClusterFixture : IAsyncDisposable
{
    private EmbeddedCluster? _cluster;

    /// <summary>The cluster, once it has started.</summary>
    /// <exception cref="InvalidOperationException"><see cref="InitializeAsync"/> was not called: the class does not implement the test
    /// framework's interface.</exception>
    public EmbeddedCluster Cluster =>
        _cluster
        ?? throw new InvalidOperationException(
            $"{GetType().Name} was not initialized: let it implement IAsyncLifetime, so that the test framework calls InitializeAsync"
        );

    /// <summary>What the cluster is like.</summary>
    protected virtual EmbeddedClusterOptions Options => new();

    /// <summary>Starts the cluster.</summary>
    public async ValueTask InitializeAsync() => _cluster ??= await EmbeddedCluster.StartAsync(Options);

    /// <summary>Ends the cluster.</summary>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_cluster is { } cluster)
        {
            _cluster = null;
            await cluster.DisposeAsync();
        }
    }
}
