namespace RaftLog.Simulation;

/// <summary>Something of the world's own that will happen.</summary>
public sealed class SimEvent(Action action)
{
    internal Action Action => action;

    internal bool IsCancelled { get; private set; }

    /// <summary>It will not happen.</summary>
    public void Cancel() => IsCancelled = true;
}
