namespace RaftLog.Broker.Partitions;

/// <summary>
/// Pauses that double: the first is short, because most of what a follower waits for (a leader that has yet to hear that it leads) takes
/// milliseconds.
/// </summary>
internal struct FetchBackoff(TimeSpan longest)
{
    private const long FirstMs = 5;
    private readonly long _longestMs = (long)longest.TotalMilliseconds;
    private long _nextMs = FirstMs;

    /// <summary>The end of the present pause, in monotonic milliseconds.</summary>
    public long UntilMs { get; private set; }

    /// <summary>Begins a pause, longer than the last one.</summary>
    public void Pause(long nowMs)
    {
        UntilMs = nowMs + Math.Min(_nextMs, _longestMs);
        _nextMs = Math.Min(2 * _nextMs, _longestMs);
    }

    /// <summary>It worked: the next pause is short again.</summary>
    public void Reset()
    {
        UntilMs = 0;
        _nextMs = FirstMs;
    }
}
