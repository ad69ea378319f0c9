using System.Runtime.CompilerServices;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// One produce request that waits for its appends to be safe: a slot for each partition, one wake when the last slot is decided. The
/// handler watches each append (<see cref="Partition.Watch(in AppendOutcome, Replication.RequiredAcks, CommitWait, int)"/>), then awaits
/// <see cref="WaitAsync"/>, then reads <see cref="this[int]"/>.
/// </summary>
public sealed class CommitWait
{
    private readonly Waiters _waiters;
    private readonly AsyncSignal _signal;
    private ErrorCode[] _outcomes;
    private int _open;
    private volatile bool _over;

    /// <summary>A wait for this many partitions.</summary>
    public CommitWait(Waiters waiters, int slots)
    {
        _waiters = waiters;
        _signal = new AsyncSignal(waiters);
        _outcomes = new ErrorCode[slots];
        Array.Fill(_outcomes, ErrorCode.RequestTimedOut);
        _open = slots;
    }

    /// <summary>
    /// Begins the next wait with the same object. False, and nothing has changed, while a slot of the last one is open: a partition may
    /// still know it, and would decide a slot of the next.
    /// </summary>
    internal bool TryBeginAgain(int slots)
    {
        if (Volatile.Read(ref _open) > 0)
        {
            return false;
        }

        if (_outcomes.Length < slots)
        {
            _outcomes = new ErrorCode[slots];
        }

        Array.Fill(_outcomes, ErrorCode.RequestTimedOut);
        _open = slots;
        _over = false;
        return true;
    }

    /// <summary>
    /// What became of one append; <see cref="ErrorCode.RequestTimedOut"/> when that is not known: it may or may not be committed.
    /// </summary>
    public ErrorCode this[int slot] => _outcomes[slot];

    /// <summary>True once nobody waits any more.</summary>
    internal bool IsOver => _over;

    /// <summary>Waits until every slot is decided, at most for a time; at once when they are already.</summary>
    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder))]
    public async ValueTask WaitAsync(TimeSpan timeout)
    {
        long until = _waiters.NowMs + (long)timeout.TotalMilliseconds;

        // The signal of a wait before this one may come late, and says nothing.
        while (Volatile.Read(ref _open) > 0 && await _signal.WaitAsync(_waiters.Until(until)) == WaitOutcome.Ready) { }

        _over = true;
    }

    /// <summary>
    /// Decides a slot that waits for nothing: an append that was rejected, or one that asked for no more than the leader.
    /// </summary>
    public void Decide(int slot, ErrorCode outcome)
    {
        _outcomes[slot] = outcome;
        Interlocked.Decrement(ref _open);
    }

    /// <summary>Decides a slot; the last one wakes the waiter with the rest of the step.</summary>
    internal void Decide(int slot, ErrorCode outcome, WakeList wakes)
    {
        _outcomes[slot] = outcome;
        if (Interlocked.Decrement(ref _open) == 0)
        {
            wakes.Add(_signal);
        }
    }
}
