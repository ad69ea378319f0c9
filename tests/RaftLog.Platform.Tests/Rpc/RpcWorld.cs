using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;

namespace RaftLog.Platform.Tests;

/// <summary>A network, a clock and one scripted peer, all on the test's thread.</summary>
internal sealed class RpcWorld : IDisposable
{
    private readonly OneThread _context;
    private readonly InMemoryNetwork _network;
    private readonly Supervisor _supervisor;

    public RpcWorld(OneThread context, int maxReceive = int.MaxValue)
    {
        _context = context;
        _network = new InMemoryNetwork(Time, maxReceive);
        _supervisor = new Supervisor(Process);
        Waiters = new Waiters(Time);
        Pool = new BufferPool(Time, BufferPoolLimits.Default, poison: true);
        Peer = new ScriptedPeer(_network, new NetworkAddress("peer", 9092), Time, _supervisor);
    }

    public ManualTime Time { get; } = new();

    public InMemoryProcess Process { get; } = new();

    public Waiters Waiters { get; }

    public BufferPool Pool { get; }

    public ScriptedPeer Peer { get; }

    public RpcConnectResult Connect(RpcOptions? options = null) => Finish(StartConnect(options, CancellationToken.None));

    public ValueTask<RpcConnectResult> StartConnect(RpcOptions? options, CancellationToken cancel)
    {
        RpcConnector connector = new(_network, Waiters, Pool, _supervisor, options ?? new RpcOptions("test"), "raftlog-test", "1.0");
        return connector.ConnectAsync(Peer.Address, TimeSpan.FromSeconds(5), cancel);
    }

    public RpcChannel Open(RpcOptions? options = null)
    {
        RpcConnectResult result = Connect(options);
        Assert.Equal("", result.Reason);
        return Assert.IsType<RpcChannel>(result.Channel);
    }

    /// <summary>Runs everything that can run now.</summary>
    public void Settle() => _context.Pump();

    public void Advance(TimeSpan by)
    {
        Time.Advance(by);
        Settle();
    }

    public T Finish<T>(ValueTask<T> task)
    {
        Task<T> whole = task.AsTask();
        Settle();
        Assert.True(whole.IsCompleted, "the task has not ended");
        return whole.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        Peer.Dispose();
        Settle();
        Assert.Null(Process.HaltReason);
    }
}
