namespace RaftLog.Simulation;

/// <summary>A machine on the network: what listens there, and whether it has power.</summary>
internal sealed class SimHost(string name, int number)
{
    private const int FirstFreePort = 30_000;

    private readonly SortedDictionary<int, SimListener> _listeners = [];
    private int _nextPort = FirstFreePort;

    internal string Name => name;

    internal int Number => number;

    /// <summary>Without power nothing answers, not even with a refusal.</summary>
    internal bool HasPower { get; set; } = true;

    internal SimListener? ListenerOn(int port) =>
        _listeners.TryGetValue(port, out SimListener? listener) && listener.IsOpen ? listener : null;

    internal void Add(int port, SimListener listener) => _listeners[port] = listener;

    internal int TakePort() => _nextPort++;
}
