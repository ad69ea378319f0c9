namespace RaftLog.Storage;

/// <summary>Holds a cleaner to a number of bytes a second: what was read and written too fast is waited for afterwards.</summary>
internal sealed class CleanerThrottle(TimeProvider time)
{
    /// <summary>Waits shorter than this are put off until they have added up.</summary>
    private const double ShortestWaitSeconds = 0.05;

    private double _owedSeconds;

    /// <summary>Notes bytes, and waits where they came too fast.</summary>
    /// <param name="bytes">Bytes read or written since the last call.</param>
    /// <param name="elapsed">The time that they took.</param>
    /// <param name="bytesPerSecond">The bound.</param>
    /// <param name="stop">Ends the wait.</param>
    public async ValueTask WaitAsync(long bytes, TimeSpan elapsed, double bytesPerSecond, CancellationToken stop)
    {
        _owedSeconds = Math.Max(0, _owedSeconds + (bytes / bytesPerSecond) - elapsed.TotalSeconds);
        if (_owedSeconds >= ShortestWaitSeconds)
        {
            TimeSpan wait = TimeSpan.FromSeconds(_owedSeconds);
            _owedSeconds = 0;
            await Task.Delay(wait, time, stop);
        }
    }
}
