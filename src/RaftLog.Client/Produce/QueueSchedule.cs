namespace RaftLog.Client.Produce;

/// <summary>Which queues the sender is to look at: those where something has happened, and those whose time has come.</summary>
internal sealed class QueueSchedule
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<PartitionQueue, long> _timed = new();
    private List<PartitionQueue> _listed = [];
    private List<PartitionQueue> _taken = [];

    /// <summary>The queues to look at now; the sender's alone.</summary>
    public List<PartitionQueue> Taken => _taken;

    /// <summary>Puts a queue on the list.</summary>
    public void List(PartitionQueue queue)
    {
        lock (_lock)
        {
            Add(queue);
        }
    }

    /// <summary>Puts what was taken back.</summary>
    public void ListAgain()
    {
        lock (_lock)
        {
            _taken.ForEach(Add);
        }
    }

    /// <summary>Lists a queue at a time, where that is the queue's earliest.</summary>
    public void ListAt(PartitionQueue queue, long atMs)
    {
        lock (_lock)
        {
            if (atMs < queue.TimedForMs)
            {
                queue.TimedForMs = atMs;
                _timed.Enqueue(queue, atMs);
            }
        }
    }

    /// <summary>When the next queue's time comes; <see cref="long.MaxValue"/> for never.</summary>
    public long NextMs()
    {
        lock (_lock)
        {
            return _timed.TryPeek(out _, out long atMs) ? atMs : long.MaxValue;
        }
    }

    /// <summary>Takes the list.</summary>
    public void Take(long nowMs)
    {
        lock (_lock)
        {
            while (_timed.TryPeek(out PartitionQueue? due, out long atMs) && atMs <= nowMs)
            {
                _timed.Dequeue();
                due.TimedForMs = due.TimedForMs == atMs ? long.MaxValue : due.TimedForMs;
                Add(due);
            }

            _taken.Clear();
            (_listed, _taken) = (_taken, _listed);
            _taken.ForEach(static queue => queue.IsListed = false);
        }
    }

    private void Add(PartitionQueue queue)
    {
        if (!queue.IsListed)
        {
            queue.IsListed = true;
            _listed.Add(queue);
        }
    }
}
