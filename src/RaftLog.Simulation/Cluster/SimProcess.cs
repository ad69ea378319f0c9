using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>The process seam: a halt drops the incarnation, and fails the run unless the disk has rejected something before.</summary>
internal sealed class SimProcess(SimScheduler scheduler, Incarnation owner, SimVolume volume, Action halted) : IProcess
{
    public void Halt(string reason)
    {
        if (!owner.IsAlive)
        {
            return;
        }

        owner.Kill();
        if (volume.HasRejected && !reason.Contains(SimVolume.Absent, StringComparison.Ordinal))
        {
            scheduler.Say($"{owner.Name} halts itself: {reason}");
            halted();
        }
        else
        {
            scheduler.Fail($"{owner.Name} halted itself for no fault of its world: {reason}");
        }
    }
}
