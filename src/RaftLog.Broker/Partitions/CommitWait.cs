using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// One produce request that waits for its appends to be safe: a slot for each partition, one wake when the last slot is decided. The handler
/// watches each append (<see cref="Partition.Watch(in AppendOutcome, Replication.RequiredAcks, CommitWait, int)"/>), then awaits <see cref="WaitAsync"/>, then reads <see cref="this[int]"/>.
/// </summary>
public sealed class CommitWait
{
    private readonly AsyncSignal _signal;
    private readonly ErrorCode[] _outcomes;
    private int _open;
    private volatile bool _over;

    /// <summary>A wait for this many partitions.</summary>
    public CommitWait(Waiters waiters, int slots)
    {
        _signal = new AsyncSignal(waiters);
        _outcomes = new ErrorCode[slots];
        Array.Fill(_outcomes, ErrorCode.RequestTimedOut);
        _open = slots;
    }

    /// <summary>What became of one append; <see cref="ErrorCode.RequestTimedOut"/> when that is not known: it may or may not be committed.</summary>
    public ErrorCode this[int slot] => _outcomes[slot];

    /// <summary>True once nobody waits any more.</summary>
    internal bool IsOver => _over;

    /// <summary>Waits until every slot is decided, at most for a time; at once when they are already.</summary>
    public async ValueTask WaitAsync(TimeSpan timeout)
    {
        if (Volatile.Read(ref _open) > 0)
        {
            await _signal.WaitAsync(timeout);
        }

        _over = true;
    }

    /// <summary>Decides a slot that waits for nothing: an append that was refused, or one that asked for no more than the leader.</summary>
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
