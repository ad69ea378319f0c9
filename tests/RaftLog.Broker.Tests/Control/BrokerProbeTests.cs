using RaftLog.Broker.Control;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Control;

public sealed class BrokerProbeTests : IDisposable
{
    private const string Listener = "INTERNAL";
    private static readonly NetworkAddress Address = new("broker", 9092);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly InMemoryNetwork _network = new(TimeProvider.System);
    private readonly Waiters _waiters = new(TimeProvider.System);
    private readonly Supervisor _supervisor = new(new InMemoryProcess());
    private readonly TaskCompletionSource<bool> _isGone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => _waiters.Dispose();

    [Fact]
    public async Task A_process_whose_listener_accepts_once_more_while_it_ends_is_found_gone()
    {
        IListener listener = _network.Listen(Address);
        Probe();
        IConnection last = (await listener.AcceptAsync())!;
        listener.Dispose();
        last.Reset();
        Assert.True(await _isGone.Task);
    }

    [Fact]
    public async Task A_process_that_ends_while_its_probe_is_under_way_is_found_gone()
    {
        IListener listener = _network.Listen(Address);
        Probe();
        IConnection last = (await listener.AcceptAsync())!;
        await Task.Delay(Timeout / 20);
        listener.Dispose();
        last.Dispose();
        Assert.True(await _isGone.Task);
    }

    [Fact]
    public async Task A_process_that_accepts_and_keeps_the_connection_is_there()
    {
        using IListener listener = _network.Listen(Address);
        Probe();
        using IConnection kept = (await listener.AcceptAsync())!;
        Assert.False(await _isGone.Task);
        Assert.Equal(0, await kept.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task An_address_that_accepts_and_closes_every_connection_is_evidence_of_nothing()
    {
        using IListener listener = _network.Listen(Address);
        Probe();
        while (!_isGone.Task.IsCompleted)
        {
            Task<IConnection?> next = listener.AcceptAsync().AsTask();
            if (await Task.WhenAny(next, _isGone.Task) == next)
            {
                (await next)!.Dispose();
            }
        }

        Assert.False(await _isGone.Task);
    }

    [Fact]
    public async Task An_address_where_nobody_listens_is_evidence_that_the_process_is_gone()
    {
        _network.Listen(Address).Dispose();
        Probe();
        Assert.True(await _isGone.Task);
    }

    [Fact]
    public async Task An_address_that_sends_bytes_and_keeps_the_connection_is_there()
    {
        using IListener listener = _network.Listen(Address);
        Probe();
        using IConnection talking = (await listener.AcceptAsync())!;
        while (await talking.SendAsync([new ReadOnlyMemory<byte>(new byte[1 << 10])])) { }

        Assert.False(await _isGone.Task);
    }

    [Fact]
    public async Task A_stop_ends_the_probe_that_is_under_way_as_evidence_of_nothing()
    {
        using IListener listener = _network.Listen(Address);
        Probe(TimeSpan.FromDays(1));
        using IConnection kept = (await listener.AcceptAsync())!;
        _waiters.Dispose();
        Assert.False(await _isGone.Task);
        await _supervisor.WhenIdleAsync();
        Assert.Equal(0, await kept.ReceiveAsync(new byte[1]));
    }

    private void Probe() => Probe(Timeout);

    private void Probe(TimeSpan timeout) =>
        new BrokerProbe(_network, _supervisor, _waiters, Listener, timeout, enabled: true).Start(
            new BrokerRegistration
            {
                Id = new NodeId(1),
                Epoch = new BrokerEpoch(1),
                IncarnationId = new Uuid(1, 1),
                Endpoints = [new Endpoint(Listener, Address.Host, (ushort)Address.Port, 0)],
                Features = [],
                Fenced = false,
            },
            _isGone.SetResult
        );
}
