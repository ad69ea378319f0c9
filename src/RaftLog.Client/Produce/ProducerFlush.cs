using RaftLog.Client.Connections;
using RaftLog.Platform.Waiting;

namespace RaftLog.Client.Produce;

/// <summary>Waits for what is in the queues of a producer; until then nothing lingers.</summary>
internal sealed class ProducerFlush(
    ProducerOptions options,
    ClientRuntime runtime,
    QueueSet queues,
    QueueSchedule schedule,
    AsyncSignal wake
)
{
    private int _underWay;

    /// <summary>True while somebody waits.</summary>
    public bool IsUnderWay => Volatile.Read(ref _underWay) > 0;

    /// <summary>
    /// Sends everything that is in the queues now without lingering, and waits until it is decided; false when the time is over first.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<bool> RunAsync(CallDeadline deadline)
    {
        Interlocked.Increment(ref _underWay);
        try
        {
            bool all = true;
            int replaced;
            do
            {
                replaced = queues.Replaced;
                foreach (Wait wait in Begin(deadline))
                {
                    all &= await deadline.OutcomeAsync(wait) == WaitOutcome.Ready;
                }
            } while (all && replaced != queues.Replaced);
            return all;
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    private List<Wait> Begin(CallDeadline deadline)
    {
        List<Wait> waits = [];
        foreach (PartitionQueue queue in queues.All)
        {
            queue.Flush(() => runtime.Waiters.Rent(deadline.Remaining), waits);
            if (options.Linger > TimeSpan.Zero)
            {
                schedule.List(queue);
            }
        }

        // What lingers may leave now. Without lingering the loop has been woken for every batch, and is not woken for nothing.
        if (options.Linger > TimeSpan.Zero)
        {
            wake.Set();
        }

        return waits;
    }
}
