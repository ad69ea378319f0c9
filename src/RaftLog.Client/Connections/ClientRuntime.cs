using RaftLog.Client.Observability;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;

namespace RaftLog.Client.Connections;

/// <summary>What every part of the client stands on: clock and waits, chance, connections, and who watches the loops.</summary>
internal sealed class ClientRuntime : IProcess, IDisposable
{
    private const string Software = "raftlog-dotnet";

    private string? _failure;

    public ClientRuntime(ClientOptions options, ClientWorld world)
    {
        Options = options;
        Telemetry = new ClientTelemetry(options);
        Time = world.Time;
        Entropy = world.Entropy;
        Network = world.Network;
        Waiters = new Waiters(world.Time);
        Pool = new BufferPool(
            world.Time,
            BufferPoolLimits.Default with
            {
                MaxBytes = options.ReceiveMemory,
                MaxIdleBytes = options.ReceiveMemory / 4,
                ReusesLarge = true,
            }
        );
        Supervisor = new Supervisor(this);
        Connector = new RpcConnector(
            world.Network,
            Waiters,
            Pool,
            Supervisor,
            new RpcOptions(options.ClientId, (int)Math.Min(options.ReceiveMemory, 100 << 20)),
            Software,
            typeof(ClientRuntime).Assembly.GetName().Version?.ToString(3) ?? "0"
        );
    }

    public ClientOptions Options { get; }

    public ClientTelemetry Telemetry { get; }

    public TimeProvider Time { get; }

    public IEntropy Entropy { get; }

    public INetwork Network { get; }

    public Waiters Waiters { get; }

    public BufferPool Pool { get; }

    public Supervisor Supervisor { get; }

    public RpcConnector Connector { get; }

    /// <summary>Why one of the client's loops has died, which only a defect of this library can cause; null in a sound client.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    public Backoff NewBackoff() => new(Options.RetryBackoff, Options.RetryBackoffMax, Entropy);

    /// <summary>A defect ends this client, not the program that uses it.</summary>
    public void Halt(string reason)
    {
        Interlocked.CompareExchange(ref _failure, reason, null);
        Waiters.Dispose();
    }

    public void Dispose()
    {
        Waiters.Dispose();
        Pool.Dispose();
        Telemetry.Dispose();
    }
}
