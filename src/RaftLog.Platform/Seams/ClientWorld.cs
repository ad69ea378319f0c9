namespace RaftLog.Platform;

/// <summary>The seams that a client touches: no disk, and no process to stop.</summary>
/// <param name="Time">The clock and its timers.</param>
/// <param name="Network">Connections.</param>
/// <param name="Entropy">Chance.</param>
public sealed record ClientWorld(TimeProvider Time, INetwork Network, IEntropy Entropy)
{
    /// <summary>The world as it is: the system's clock, TCP, the system's entropy.</summary>
    public static ClientWorld Real() =>
        new(TimeProvider.System, new TcpNetwork(TimeProvider.System, new TcpOptions()), new SystemEntropy());
}
