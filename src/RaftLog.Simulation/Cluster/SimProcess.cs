using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>The process seam: a halt drops the incarnation, and fails the run, since no fault of the world justifies one.</summary>
internal sealed class SimProcess(SimScheduler scheduler, Incarnation owner) : IProcess
{
    public void Halt(string reason)
    {
        if (owner.IsAlive)
        {
            owner.Kill();
            scheduler.Fail($"{owner.Name} halted itself: {reason}");
        }
    }
}
