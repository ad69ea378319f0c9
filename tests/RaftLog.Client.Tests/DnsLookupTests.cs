using RaftLog.Client.Admin;
using RaftLog.Platform;

namespace RaftLog.Client.Tests;

/// <summary>What the names of bootstrap servers stand for (client.dns.lookup).</summary>
public class DnsLookupTests
{
    private static readonly NetworkAddress Alias = new("alias", 9092);

    [Fact]
    public void Canonical_names_of_bootstrap_servers_are_connected_to_instead_of_their_alias() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            Names names = new();
            names.Of[Alias] = [new NetworkAddress("gone", 9092), new NetworkAddress("broker-0", 9092)];
            world.Through(names.Over);

            ClusterDescription described = world.Finish(
                Connect(world, ClientDnsLookup.ResolveCanonicalBootstrapServersOnly).Admin.DescribeClusterAsync()
            );

            Assert.Equal("fake", described.ClusterId);
            Assert.DoesNotContain(Alias, names.Connected);
        });

    [Fact]
    public void By_default_the_alias_itself_is_connected_to() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            Names names = new();
            world.Through(names.Over);

            world.Fails(() => Connect(world, ClientDnsLookup.UseAllDnsIps).Admin.DescribeClusterAsync());

            Assert.Equal([Alias], names.Connected.Distinct());
            Assert.Equal(0, names.LookUps);
        });

    [Fact]
    public void Names_are_looked_up_again_when_nobody_answers_under_them_and_not_otherwise() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            Names names = new();
            names.Of[Alias] = [new NetworkAddress("gone", 9092)];
            world.Through(names.Over);
            KafkaCluster cluster = Connect(world, ClientDnsLookup.ResolveCanonicalBootstrapServersOnly);
            Task<ClusterDescription> described = FakeCluster.Start(cluster.Admin.DescribeClusterAsync());
            world.Pass(TimeSpan.FromSeconds(2));
            Assert.False(described.IsCompleted);

            names.Of[Alias] = [new NetworkAddress("broker-0", 9092)];
            world.Finish(described);
            int lookUps = names.LookUps;
            world.Finish(cluster.Admin.DescribeClusterAsync());

            Assert.Equal(lookUps, names.LookUps);
        });

    private static KafkaCluster Connect(FakeCluster world, ClientDnsLookup lookup) =>
        world.Connect(options => options with { BootstrapServers = [Alias], DnsLookup = lookup, CallTimeout = TimeSpan.FromSeconds(30) });

    /// <summary>A network whose names a test chooses.</summary>
    private sealed class Names : INetwork
    {
        private INetwork _inner = new InMemoryNetwork(TimeProvider.System);

        public Dictionary<NetworkAddress, IReadOnlyList<NetworkAddress>> Of { get; } = [];

        public List<NetworkAddress> Connected { get; } = [];

        public int LookUps { get; private set; }

        public INetwork Over(INetwork inner)
        {
            _inner = inner;
            return this;
        }

        public IListener Listen(NetworkAddress address) => _inner.Listen(address);

        public ValueTask<ConnectResult> ConnectAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel)
        {
            Connected.Add(address);
            return _inner.ConnectAsync(address, timeout, cancel);
        }

        public ValueTask<IReadOnlyList<NetworkAddress>> CanonicalAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel)
        {
            LookUps++;
            return ValueTask.FromResult(Of[address]);
        }
    }
}
