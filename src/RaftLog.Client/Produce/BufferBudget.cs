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

    /// <summary>Takes bytes if there are enough and nobody waits.</summary>
    public bool TryTake(long count)
    {
        lock (_lock)
        {
            if (_line.Count > 0 || _free < count)
            {
                return false;
            }

            _free -= count;
            return true;
        }
    }

    /// <summary>Takes bytes once there are enough; false when the time is over first or the client closed.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<bool> TakeAsync(long count, CallDeadline deadline)
    {
        Claim claim;
        lock (_lock)
        {
            if (_line.Count == 0 && _free >= count)
            {
                _free -= count;
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
        lock (_lock)
        {
            _free += count;
            while (_line.TryPeek(out Claim first))
            {
                if (!first.Wait.IsPending)
                {
                    _line.Dequeue();
                    continue;
                }

                if (first.Bytes > _free)
                {
                    return;
                }

                _line.Dequeue();
                if (first.Wait.TryComplete(WaitOutcome.Ready))
                {
                    _free -= first.Bytes;
                }
            }
        }
    }

    private readonly record struct Claim(long Bytes, Wait Wait);
}
