using RaftLog.Broker.Runtime;

namespace RaftLog.Broker.Lifecycle;

/// <summary>
/// The steps of a stop in order. Each has a bound, and a line in the node log when it begins and when it reaches its bound: a node that was
/// told to stop ends, and says what kept it.
/// </summary>
internal sealed partial class StopSteps(TimeProvider time, NodeLog nodeLog)
{
    /// <summary>Waits for a step, no longer than its bound.</summary>
    /// <param name="what">What it does, for people.</param>
    /// <param name="limit">Its bound.</param>
    /// <param name="step">The step, which has begun.</param>
    /// <param name="whatIsLeft">What it still waits for, for people.</param>
    /// <returns>False when it has not ended; then the stop goes on without it.</returns>
    public async ValueTask<bool> RunAsync(string what, TimeSpan limit, Task step, Func<string>? whatIsLeft = null)
    {
        nodeLog.Info($"stopping: {what}");
        TaskCompletionSource<bool> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenSource noLonger = new();
        _ = WatchAsync(step, ended);
        SeededBugWaitsForEver(ref limit);
        _ = ExpireAsync(limit, noLonger.Token, ended);
        bool hasEnded = await ended.Task;
        noLonger.Cancel();
        if (!hasEnded)
        {
            string left = whatIsLeft is null ? "" : $" ({whatIsLeft()})";
            nodeLog.Warn(
                $"stopping: {what} has not ended within {limit.TotalSeconds} s{left}; the node ends without it, and recovers at its "
                    + $"next start what it must"
            );
        }

        return hasEnded;
    }

    static partial void SeededBugWaitsForEver(ref TimeSpan limit);

    private static async Task WatchAsync(Task step, TaskCompletionSource<bool> ended)
    {
        try
        {
            await step;
            ended.TrySetResult(true);
        }
        catch (Exception failure)
        {
            ended.TrySetException(failure);
        }
    }

    private async Task ExpireAsync(TimeSpan limit, CancellationToken noLonger, TaskCompletionSource<bool> ended)
    {
        try
        {
            await Task.Delay(limit, time, noLonger);
            ended.TrySetResult(false);
        }
        catch (OperationCanceledException)
        {
            // It ended in time.
        }
    }
}
