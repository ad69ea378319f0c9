namespace RaftLog.Broker.Runtime;

/// <summary>
/// What an event loop has counted since it started: whether its inputs wait for one another. The loop writes, anybody reads.
/// </summary>
internal sealed class EventLoopCounters
{
    private long _inputs;
    private long _groups;
    private long _waitTicks;
    private long _runTicks;

    /// <summary>Inputs that have run.</summary>
    public long Inputs => Volatile.Read(ref _inputs);

    /// <summary>Groups of inputs that were taken at once.</summary>
    public long Groups => Volatile.Read(ref _groups);

    /// <summary>How long the first input of each group has waited, in timestamps of the node's clock.</summary>
    public long WaitTicks => Volatile.Read(ref _waitTicks);

    /// <summary>How long the groups took, with what follows them, in timestamps of the node's clock.</summary>
    public long RunTicks => Volatile.Read(ref _runTicks);

    internal void Ran(int inputs, long waitTicks, long runTicks)
    {
        Volatile.Write(ref _inputs, _inputs + inputs);
        Volatile.Write(ref _groups, _groups + 1);
        Volatile.Write(ref _waitTicks, _waitTicks + waitTicks);
        Volatile.Write(ref _runTicks, _runTicks + runTicks);
    }
}
