namespace RaftLog.Simulation;

/// <summary>Where the continuations of one incarnation go: into the world's ready queue, under its name.</summary>
internal sealed class SimContext(SimScheduler scheduler, Incarnation owner) : SynchronizationContext
{
    public override void Post(SendOrPostCallback d, object? state)
    {
        if (owner.IsAlive)
        {
            scheduler.Post(owner, d, state);
        }
    }

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("a blocking send would stop the only thread of the world");

    public override SynchronizationContext CreateCopy() => this;
}
