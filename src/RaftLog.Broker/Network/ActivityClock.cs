namespace RaftLog.Broker.Network;

/// <summary>Tells how long a count has not grown while it should, as far as calls have noticed. For one caller alone.</summary>
internal struct ActivityClock
{
    private const long NotWatched = -1;

    private long _count;
    private long _sinceMs;

    public ActivityClock() => _count = NotWatched;

    /// <summary>Milliseconds without growth; 0 while nothing is expected.</summary>
    /// <param name="nowMs">The time.</param>
    /// <param name="count">The count now.</param>
    /// <param name="isExpected">Whether it should grow.</param>
    public long QuietMs(long nowMs, long count, bool isExpected = true)
    {
        if (!isExpected)
        {
            _count = NotWatched;
            return 0;
        }

        if (count != _count)
        {
            _count = count;
            _sinceMs = nowMs;
        }

        return nowMs - _sinceMs;
    }
}
