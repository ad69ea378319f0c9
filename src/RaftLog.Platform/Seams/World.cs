namespace RaftLog.Platform;

/// <summary>The five seams through which a node touches the world (ARCHITECTURE D7): all that differs between a real node and a simulated one.</summary>
/// <param name="Time">The clock and its timers.</param>
/// <param name="Disk">Files.</param>
/// <param name="Network">Connections.</param>
/// <param name="Entropy">Chance.</param>
/// <param name="Process">The way to stop.</param>
public sealed record World(TimeProvider Time, IDisk Disk, INetwork Network, IEntropy Entropy, IProcess Process);
