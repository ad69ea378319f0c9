using RaftLog.Client.Connections;
using RaftLog.Platform.Waiting;

namespace RaftLog.Client.Produce;

/// <summary>
/// The bytes that unacknowledged records may take (buffer.memory). Whoever finds none waits in line; bytes that come back go to the first
/// in line, and nobody overtakes.
/// </summary>
internal sealed class BufferBudget(Waiters waiters, long bytes)
{
    private readonly Lock _lock = new();
    private readonly Queue<Claim> _line = new();
    private long _free = bytes;
    private int _waiting;

    /// <summary>Takes bytes if there are enough and nobody waits. Takes no lock, since every record comes by.</summary>
    public bool TryTake(long count) => Volatile.Read(ref _waiting) == 0 && TryTakeFree(count);

    /// <summary>Takes bytes once there are enough; false when the time is over first or the client closed.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<bool> TakeAsync(long count, CallDeadline deadline)
    {
        Claim claim;
        lock (_lock)
        {
            // Whoever returns bytes from now on looks at the line, so none is missed between the look at what is free and the wait.
            Interlocked.Increment(ref _waiting);
            if (_line.Count == 0 && TryTakeFree(count))
            {
                Interlocked.Decrement(ref _waiting);
                return true;
            }

            claim = new Claim(count, waiters.Rent(deadline.Remaining));
            _line.Enqueue(claim);
        }

        bool isMine = false;
        try
        {
            isMine = await deadline.OutcomeAsync(claim.Wait) == WaitOutcome.Ready;
            return isMine;
        }
        finally
        {
            // A claim that is dead must not hold up those behind it.
            if (!isMine)
            {
                Return(0);
            }
        }
    }

    public void Return(long count)
    {
        Interlocked.Add(ref _free, count);
        if (Volatile.Read(ref _waiting) == 0)
        {
            return;
        }

        lock (_lock)
        {
            while (_line.TryPeek(out Claim first))
            {
                if (!first.Wait.IsPending)
                {
                    Leave();
                    continue;
                }

                if (!TryTakeFree(first.Bytes))
                {
                    return;
                }

                Leave();
                if (!first.Wait.TryComplete(WaitOutcome.Ready))
                {
                    Interlocked.Add(ref _free, first.Bytes);
                }
            }
        }
    }

    private void Leave()
    {
        _line.Dequeue();
        Interlocked.Decrement(ref _waiting);
    }

    private bool TryTakeFree(long count)
    {
        long free = Volatile.Read(ref _free);
        while (free >= count)
        {
            long seen = Interlocked.CompareExchange(ref _free, free - count, free);
            if (seen == free)
            {
                return true;
            }

            free = seen;
        }

        return false;
    }

    private readonly record struct Claim(long Bytes, Wait Wait);
}
