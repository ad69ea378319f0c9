namespace RaftLog.Platform;

/// <summary>
/// The five seams through which a node touches the world (ARCHITECTURE D7): all that differs between a real node and a simulated one.
/// </summary>
/// <param name="Time">The clock and its timers.</param>
/// <param name="Disk">Files.</param>
/// <param name="Network">Connections.</param>
/// <param name="Entropy">Chance.</param>
/// <param name="Process">The way to stop.</param>
public sealed record World(TimeProvider Time, IDisk Disk, INetwork Network, IEntropy Entropy, IProcess Process)
{
    /// <summary>The real world.</summary>
    public static World Real() => Real(new TcpOptions());

    /// <summary>The real world with socket settings.</summary>
    public static World Real(TcpOptions options) =>
        new(TimeProvider.System, new LinuxDisk(), new TcpNetwork(TimeProvider.System, options), new SystemEntropy(), new SystemProcess());

    /// <summary>
    /// A world inside this process, alone on its network: no file, no socket; a halt is noted in an <see cref="InMemoryProcess"/>.
    /// </summary>
    public static World InMemory() => InMemory(new InMemoryNetwork(TimeProvider.System));

    /// <summary>A world inside this process, on a network that several nodes and clients share; each node has a disk of its own.</summary>
    public static World InMemory(INetwork network) =>
        new(TimeProvider.System, new InMemoryDisk(), network, new SystemEntropy(), new InMemoryProcess());
}
