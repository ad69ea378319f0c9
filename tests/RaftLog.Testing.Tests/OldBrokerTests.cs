namespace RaftLog.Testing.Tests;

/// <summary>The whole client with a broker that speaks no newer versions than a release of Kafka, back to 2.1.</summary>
[Trait("Category", "Slow")]
public sealed class OldBrokerTests(OldBrokerTests.OneNode fixture) : IClassFixture<OldBrokerTests.OneNode>
{
    public static TheoryData<string> Releases => [.. BrokerTable.All.Select(static each => $"{each}")];

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Everything_works_with_the_versions_of_a_release_or_says_what_it_needs(string release)
    {
        using WholeClient client = new(BrokerTable.Of(release), fixture.Cluster.BootstrapServers);
        await client.RunAsync();
    }

    public sealed class OneNode : EmbeddedClusterFixture, IAsyncLifetime
    {
        protected override EmbeddedClusterOptions Options =>
            new()
            {
                Configuration = new Dictionary<string, string>
                {
                    ["group.initial.rebalance.delay.ms"] = "0",
                    ["group.consumer.heartbeat.interval.ms"] = "500",
                },
            };

        Task IAsyncLifetime.InitializeAsync() => InitializeAsync().AsTask();

        Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
    }
}
