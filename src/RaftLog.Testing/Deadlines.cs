using RaftLog.Platform.Waiting;

namespace RaftLog.Testing;

/// <summary>Bounds on the system's clock for what may never end, whatever clock the cluster lives by.</summary>
internal sealed class Deadlines : IDisposable
{
    private readonly Waiters _waiters = new(TimeProvider.System);

    /// <summary>True when the task ended in time; what it threw is thrown. False when it did not: it is left behind.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async Task<bool> EndsAsync(Task task, TimeSpan limit, CancellationToken cancel)
    {
        Wait wait = _waiters.Rent(limit);
        _ = EndAsync(task, wait);
        WaitOutcome outcome;
        using (cancel.UnsafeRegister(static state => ((Wait)state!).TryComplete(WaitOutcome.Closed), wait))
        {
            outcome = await wait.Outcome;
        }

        cancel.ThrowIfCancellationRequested();
        if (outcome != WaitOutcome.Ready)
        {
            return false;
        }

        await task;
        return true;
    }

    public void Dispose() => _waiters.Dispose();

    private static async Task EndAsync(Task task, Wait wait)
    {
        try
        {
            await task;
        }
        catch (Exception)
        {
            // Whoever waits awaits the task itself, and a task that was left behind has nobody to tell.
        }

        wait.TryComplete(WaitOutcome.Ready);
    }
}
