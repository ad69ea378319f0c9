namespace RaftLog.Simulation.Tests;

/// <summary>Counts what was queued on the thread pool, and the timers that were made, since it began.</summary>
internal sealed class PoolWatch
{
    private readonly long _items = Total();
    private readonly long _timers = Timer.ActiveCount;

    internal static PoolWatch Begin() => new();

    internal long Items => Total() - _items;

    internal long Timers => Timer.ActiveCount - _timers;

    private static long Total() => ThreadPool.CompletedWorkItemCount + ThreadPool.PendingWorkItemCount;
}
