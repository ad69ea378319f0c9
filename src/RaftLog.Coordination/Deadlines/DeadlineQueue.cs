namespace RaftLog.Coordination.Deadlines;

/// <summary>
/// Deadlines in the order in which they are due; those of the same time in the order in which they were set. A deadline that moves away
/// keeps its entry, which moves when it is reached: a session that is renewed with every heartbeat costs a write, not a search.
/// </summary>
internal sealed class DeadlineQueue
{
    /// <summary>The queue is built anew when it holds more than this many entries beyond twice the deadlines that are set.</summary>
    private const int MaxStale = 1_024;

    private readonly PriorityQueue<Deadline, (long DueMs, long Sequence)> _queue = new();
    private long _sequence;
    private int _set;

    /// <summary>When the next deadline is reached, at the latest; <see cref="Deadline.Never"/> when none is set.</summary>
    public long NextMs
    {
        get
        {
            while (_queue.TryPeek(out Deadline? deadline, out (long DueMs, long) priority))
            {
                if (IsValid(deadline, priority.DueMs))
                {
                    return priority.DueMs;
                }

                Drop();
            }

            return Deadline.Never;
        }
    }

    /// <summary>Sets a deadline, or moves it.</summary>
    public void Set(Deadline deadline, long dueMs)
    {
        _set += deadline.IsSet ? 0 : 1;
        deadline.DueMs = dueMs;
        if (dueMs < deadline.QueuedMs)
        {
            deadline.QueuedMs = dueMs;
            _queue.Enqueue(deadline, (dueMs, _sequence++));
            RebuildWhenStale();
        }
    }

    /// <summary>Unsets a deadline.</summary>
    public void Cancel(Deadline deadline)
    {
        if (deadline.IsSet)
        {
            _set--;
            deadline.DueMs = Deadline.Never;
            RebuildWhenStale();
        }
    }

    /// <summary>Takes the next deadline that is due at <paramref name="nowMs"/>, which unsets it.</summary>
    public bool TryTake(long nowMs, out Deadline deadline)
    {
        while (_queue.TryPeek(out deadline!, out (long DueMs, long) priority) && priority.DueMs <= nowMs)
        {
            bool isValid = IsValid(deadline, priority.DueMs);
            Drop();
            if (isValid && deadline.DueMs <= nowMs)
            {
                Cancel(deadline);
                return true;
            }

            if (isValid)
            {
                Set(deadline, deadline.DueMs);
            }
        }

        return false;
    }

    private static bool IsValid(Deadline deadline, long dueMs) => deadline.IsSet && deadline.QueuedMs == dueMs;

    private void Drop()
    {
        if (_queue.TryDequeue(out Deadline? deadline, out (long DueMs, long) priority) && deadline.QueuedMs == priority.DueMs)
        {
            deadline.QueuedMs = Deadline.Never;
        }
    }

    private void RebuildWhenStale()
    {
        if (_queue.Count <= (2L * _set) + MaxStale)
        {
            return;
        }

        List<(Deadline Deadline, (long DueMs, long Sequence) Priority)> all = [.. _queue.UnorderedItems];
        _queue.Clear();
        foreach ((Deadline deadline, (long DueMs, long Sequence) priority) in all)
        {
            if (IsValid(deadline, priority.DueMs))
            {
                _queue.Enqueue(deadline, priority);
            }
            else if (deadline.QueuedMs == priority.DueMs)
            {
                deadline.QueuedMs = Deadline.Never;
            }
        }
    }
}
