namespace RaftLog.Metadata;

/// <summary>When the active controller's recurring duties are due. Times are monotonic milliseconds.</summary>
internal sealed class ControllerClock(ControllerOptions options, long nowMs)
{
    private long _balanceMs = After(nowMs, options.ImbalanceCheckMs);
    private long _uncleanElectionMs = After(nowMs, options.UncleanElectionCheckMs);
    private long _idleMs = After(nowMs, options.MaxIdleMs);

    public long NextDeadlineMs => Math.Min(_idleMs, Math.Min(_balanceMs, _uncleanElectionMs));

    public bool IsBalanceDue(long nowMs) => nowMs >= _balanceMs;

    public bool IsUncleanElectionDue(long nowMs) => nowMs >= _uncleanElectionMs;

    public bool IsIdle(long nowMs) => nowMs >= _idleMs;

    public void RecordsWritten(long nowMs) => _idleMs = After(nowMs, options.MaxIdleMs);

    /// <summary>What is left over follows in the next step.</summary>
    public void Balanced(long nowMs, bool more) => _balanceMs = more ? nowMs : After(nowMs, options.ImbalanceCheckMs);

    public void UncleanElectionsDone(long nowMs) => _uncleanElectionMs = After(nowMs, options.UncleanElectionCheckMs);

    /// <summary>The configuration changed: somebody waits for a leader now.</summary>
    public void UncleanElectionAllowed(long nowMs) => _uncleanElectionMs = nowMs;

    private static long After(long nowMs, long intervalMs) => intervalMs > 0 ? nowMs + intervalMs : long.MaxValue;
}
