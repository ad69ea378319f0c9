namespace RaftLog.Platform;

/// <summary>
/// Waits while the process or the system has no file descriptor left. That is no failure of a disk: nothing has begun, and the same
/// succeeds when a descriptor is free again. So what may wait is tried again until it succeeds or the node stops, and it is said what to
/// do.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="warn">Told of a shortage, at most once a minute.</param>
public sealed class DescriptorShortage(TimeProvider time, Action<DiskException> warn)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private long? _saidAt;

    /// <summary>Waits a moment before another attempt.</summary>
    /// <param name="refused">What was refused.</param>
    /// <returns>False when there is no other attempt: it was refused for another reason, or the node stops.</returns>
    public async ValueTask<bool> WaitAsync(DiskException refused)
    {
        if (refused.Kind != DiskErrorKind.NoDescriptors || _stop.IsCancellationRequested)
        {
            return false;
        }

        if (MustSay())
        {
            warn(refused);
        }

        try
        {
            await Task.Delay(Pause, time, _stop.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Ends all waits, for a node that stops.</summary>
    public void Stop() => _stop.Cancel();

    private bool MustSay()
    {
        lock (_gate)
        {
            if (_saidAt is { } before && time.GetElapsedTime(before) < Silence)
            {
                return false;
            }

            _saidAt = time.GetTimestamp();
            return true;
        }
    }
}
