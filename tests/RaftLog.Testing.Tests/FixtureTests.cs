using static RaftLog.Testing.Tests.EmbeddedClusterTests;

namespace RaftLog.Testing.Tests;

public class FixtureTests(FixtureTests.OneNode fixture) : IClassFixture<FixtureTests.OneNode>
{
    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task Tests_of_a_class_share_a_cluster(string topic)
    {
        await CreateAsync(fixture.Cluster.Client, topic, partitions: 1);
        await ProduceAsync(fixture.Cluster.Client, topic, 0, 3);

        Assert.Equal([0, 1, 2], await ReadAsync(fixture.Cluster.Client, topic, 1, 3));
    }

    [Fact]
    public async Task A_fixture_that_nobody_initialized_says_what_is_missing()
    {
        await using EmbeddedClusterFixture forgotten = new();

        Assert.Contains(
            "IAsyncLifetime",
            Assert.Throws<InvalidOperationException>(() => forgotten.Cluster).Message,
            StringComparison.Ordinal
        );
    }

    public sealed class OneNode : EmbeddedClusterFixture, IAsyncLifetime
    {
        protected override EmbeddedClusterOptions Options => new() { Sockets = false };

        Task IAsyncLifetime.InitializeAsync() => InitializeAsync().AsTask();

        Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
    }
}
