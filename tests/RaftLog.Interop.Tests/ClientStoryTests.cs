using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Stories;
using RaftLog.Interop.Tests.Tools;

namespace RaftLog.Interop.Tests;

/// <summary>Each client library tells the same story of three nodes, which is told in <see cref="Story"/>.</summary>
public sealed class ClientStoryTests(ClientStoryTests.Nodes shared) : IClassFixture<ClientStoryTests.Nodes>
{
    [Theory]
    [InlineData("classic", false)]
    [InlineData("consumer", false)]
    [InlineData("classic", true)]
    public Task Confluents_net_client_has_every_record_once_and_in_order(string protocol, bool isStatic) =>
        TellAsync(StoryClient.Confluent(protocol, isStatic));

    [KafkaJsFact]
    public Task Kafkajs_has_every_record_once_and_in_order() => TellAsync(StoryClient.KafkaJs);

    [PythonTheory]
    [InlineData("aiokafka")]
    public Task Pythons_clients_have_every_record_once_and_in_order(string library) => TellAsync(StoryClient.Python(library));

    /// <summary>Its first part only: a member that kafka-python 3.0.12 starts while a node comes back may not join for minutes.</summary>
    [PythonFact]
    public Task Kafka_python_misses_nothing_while_members_and_nodes_die() =>
        shared.Cluster.WatchAsync(cluster => new Story(cluster, StoryClient.Python("kafkapython")).ProduceAndReadAsync());

    [DebianPythonFact]
    public Task Debians_confluent_kafka_has_every_record_once_and_in_order() => TellAsync(StoryClient.Debian("confluent"));

    /// <summary>It has no transactions: its first part only.</summary>
    [DebianPythonFact]
    public Task Debians_kafka_python_misses_nothing_while_members_and_nodes_die() =>
        shared.Cluster.WatchAsync(cluster => new Story(cluster, StoryClient.Debian("oldkafka")).ProduceAndReadAsync());

    private Task TellAsync(StoryClient client) =>
        shared.Cluster.WatchAsync(async cluster =>
        {
            Story story = new(cluster, client);
            await story.ProduceAndReadAsync();
            await story.GoOnFromTheCommitAsync();
            await story.TransformAsync();
            await story.ReadTheCopyAsync();
        });

    /// <summary>Three nodes for all stories: each ends with every node running.</summary>
    public sealed class Nodes : IAsyncLifetime
    {
        // A member that dies is missed soon, and one that beats learns soon what has changed.
        private static readonly Dictionary<string, string> Settings = new()
        {
            ["group.initial.rebalance.delay.ms"] = "0",
            ["group.consumer.session.timeout.ms"] = "6000",
            ["group.consumer.heartbeat.interval.ms"] = "500",
        };

        internal Cluster Cluster { get; private set; } = null!;

        /// <inheritdoc/>
        public async Task InitializeAsync() => Cluster = await Cluster.StartAsync(3, Settings);

        /// <inheritdoc/>
        public Task DisposeAsync()
        {
            Cluster.Dispose();
            return Task.CompletedTask;
        }
    }
}
