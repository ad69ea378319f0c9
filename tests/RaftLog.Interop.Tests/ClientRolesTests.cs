using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Roles;
using RaftLog.Interop.Tests.Tools;

namespace RaftLog.Interop.Tests;

/// <summary>Each client library plays the same roles on three nodes: <see cref="ClientRoles"/>.</summary>
public sealed class ClientRolesTests(ClientRolesTests.Nodes shared) : IClassFixture<ClientRolesTests.Nodes>
{
    [Theory]
    [InlineData("classic", false)]
    [InlineData("consumer", false)]
    [InlineData("classic", true)]
    public Task Confluents_net_client_has_every_record_once_and_in_order(string protocol, bool isStatic) =>
        TellAsync(RoleClient.Confluent(protocol, isStatic));

    [KafkaJsFact]
    public Task Kafkajs_has_every_record_once_and_in_order() => TellAsync(RoleClient.KafkaJs);

    [PythonTheory]
    [InlineData("aiokafka")]
    public Task Pythons_clients_have_every_record_once_and_in_order(string library) => TellAsync(RoleClient.Python(library));

    /// <summary>
    /// Its first part only, and on nodes of its own: a member that kafka-python 3.0.12 starts while a node comes back may not join for
    /// minutes, and the test before has brought one back.
    /// </summary>
    [PythonFact]
    public async Task Kafka_python_misses_nothing_while_members_and_nodes_die()
    {
        using Cluster cluster = await Nodes.StartAsync();
        await cluster.WatchAsync(nodes => new ClientRoles(nodes, RoleClient.Python("kafkapython")).ProduceAndReadAsync());
    }

    [DebianPythonFact]
    public Task Debians_confluent_kafka_has_every_record_once_and_in_order() => TellAsync(RoleClient.Debian("confluent"));

    /// <summary>It has no transactions: its first part only.</summary>
    [DebianPythonFact]
    public Task Debians_kafka_python_misses_nothing_while_members_and_nodes_die() =>
        shared.Cluster.WatchAsync(cluster => new ClientRoles(cluster, RoleClient.Debian("oldkafka")).ProduceAndReadAsync());

    private Task TellAsync(RoleClient client) =>
        shared.Cluster.WatchAsync(async cluster =>
        {
            ClientRoles roles = new(cluster, client);
            await roles.ProduceAndReadAsync();
            await roles.GoOnFromTheCommitAsync();
            await roles.TransformAsync();
            await roles.ReadTheCopyAsync();
        });

    /// <summary>Three nodes for all clients: each ends with every node running.</summary>
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
        public async Task InitializeAsync() => Cluster = await StartAsync();

        /// <summary>Three such nodes, ready.</summary>
        internal static Task<Cluster> StartAsync() => Clusters.Cluster.StartAsync(3, Settings);

        /// <inheritdoc/>
        public Task DisposeAsync()
        {
            Cluster.Dispose();
            return Task.CompletedTask;
        }
    }
}
