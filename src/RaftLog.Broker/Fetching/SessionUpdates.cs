using RaftLog.Broker.Partitions;

namespace RaftLog.Broker.Fetching;

/// <summary>
/// Which partitions of a session its next look has to cover; those that are not listed are as they were at their last look. Partitions list
/// themselves under their own lock, so the lock here is taken last. Bounded by the session's partitions: each is listed once.
/// </summary>
internal sealed class SessionUpdates
{
    private readonly Lock _gate = new();
    private List<FetchTarget> _due = [];
    private DataWait? _waiting;
    private bool _isUrgent;

    /// <summary>Lists a partition, at the end.</summary>
    public void Add(FetchTarget target)
    {
        lock (_gate)
        {
            List(target);
        }
    }

    /// <summary>Lists a partition that has what was waited for, and notes to wake the fetch that waits.</summary>
    public void AddUrgent(FetchTarget target, WakeList wakes)
    {
        lock (_gate)
        {
            List(target);
            _isUrgent = true;
            if (_waiting is { } waiting)
            {
                wakes.Add(waiting.Signal);
            }
        }
    }

    /// <summary>The partitions to look at now, those that were listed first in front; the list is empty then.</summary>
    public List<FetchTarget> Take()
    {
        lock (_gate)
        {
            List<FetchTarget> due = _due;
            _due = [];
            _isUrgent = false;
            foreach (FetchTarget target in due)
            {
                target.IsDue = false;
            }

            return due;
        }
    }

    /// <summary>A fetch is about to wait; false when there was news since the last look.</summary>
    public bool TryWait(DataWait wait)
    {
        lock (_gate)
        {
            _waiting = wait;
            return !_isUrgent;
        }
    }

    /// <summary>The fetch waits no more.</summary>
    public void EndWait()
    {
        lock (_gate)
        {
            _waiting = null;
        }
    }

    private void List(FetchTarget target)
    {
        if (!target.IsDue)
        {
            target.IsDue = true;
            _due.Add(target);
        }
    }
}
