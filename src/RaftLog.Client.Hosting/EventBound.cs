namespace RaftLog.Client.Hosting;

/// <summary>
/// Lets a few events through in a span of time and counts the others: a handler that fails for every record would fill the log with its
/// traces. Safe for concurrent use.
/// </summary>
internal sealed class EventBound(TimeProvider time)
{
    /// <summary>Events in a span.</summary>
    public const int Most = 5;

    private static readonly TimeSpan Span = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long _begun = time.GetTimestamp();
    private int _passed;
    private int _leftOut;

    /// <summary>True when an event may be logged now.</summary>
    /// <param name="leftOut">How many before it were not.</param>
    public bool TryPass(out int leftOut)
    {
        lock (_lock)
        {
            leftOut = 0;
            if (time.GetElapsedTime(_begun) >= Span)
            {
                (_begun, _passed) = (time.GetTimestamp(), 0);
            }

            if (_passed >= Most)
            {
                _leftOut++;
                return false;
            }

            _passed++;
            (leftOut, _leftOut) = (_leftOut, 0);
            return true;
        }
    }
}
