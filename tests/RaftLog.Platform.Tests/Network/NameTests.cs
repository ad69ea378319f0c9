using System.Net;
using System.Net.Sockets;

namespace RaftLog.Platform.Tests;

/// <summary>How TCP looks names up.</summary>
public sealed class NameTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task All_addresses_of_a_name_are_tried_until_one_accepts()
    {
        Names names = new() { Addresses = [IPAddress.Parse("127.0.0.9"), IPAddress.Loopback] };
        TcpNetwork network = new(TimeProvider.System, new TcpOptions()) { Names = names };
        using IListener listener = network.Listen(new NetworkAddress("127.0.0.1", 0));

        ConnectResult result = await network.ConnectAsync(new NetworkAddress("name", listener.Address.Port), Limit, CancellationToken.None);

        Assert.Equal(ConnectOutcome.Accepted, result.Outcome);
        result.Connection!.Dispose();
    }

    [Fact]
    public async Task The_canonical_names_of_a_name_are_those_of_its_addresses_each_once()
    {
        Names names = new() { Addresses = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2"), IPAddress.Parse("10.0.0.3")] };
        names.Canonical[names.Addresses[0]] = "a.example";
        names.Canonical[names.Addresses[1]] = "b.example";
        names.Canonical[names.Addresses[2]] = "a.example";
        TcpNetwork network = new(TimeProvider.System, new TcpOptions()) { Names = names };

        Assert.Equal(
            [new NetworkAddress("a.example", 9092), new NetworkAddress("b.example", 9092)],
            await network.CanonicalAsync(new NetworkAddress("name", 9092), Limit, CancellationToken.None)
        );
    }

    [Fact]
    public async Task A_name_that_is_not_known_stays_as_it_is()
    {
        TcpNetwork network = new(TimeProvider.System, new TcpOptions()) { Names = new Names() };
        NetworkAddress address = new("name", 9092);

        Assert.Equal([address], await network.CanonicalAsync(address, Limit, CancellationToken.None));
    }

    private sealed class Names : INameResolver
    {
        public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

        public Dictionary<IPAddress, string> Canonical { get; } = [];

        public ValueTask<IReadOnlyList<IPAddress>> AddressesAsync(string host, CancellationToken cancel) =>
            Addresses.Count > 0 ? ValueTask.FromResult(Addresses) : throw new SocketException((int)SocketError.HostNotFound);

        public ValueTask<string> CanonicalNameAsync(IPAddress address, CancellationToken cancel) =>
            ValueTask.FromResult(Canonical[address]);
    }
}
