namespace RaftLog.Broker.Partitions;

/// <summary>The fetches and sessions that wait for one partition, each with what it waits for now. Under the partition's lock.</summary>
internal sealed class DataWaiters
{
    private const int FirstSweep = 32;
    private readonly Dictionary<IDataWatcher, DataInterest> _entries = [];
    private int _sweepAt = FirstSweep;

    /// <summary>True when nobody waits.</summary>
    public bool IsEmpty => _entries.Count == 0;

    /// <summary>The fetches that are registered, those that are over included.</summary>
    public int Count => _entries.Count;

    /// <summary>
    /// Adds a fetch, or tells what it waits for after it has looked again. Those that are over are swept out whenever the table has
    /// doubled, so it holds at most twice as many as fetches wait.
    /// </summary>
    public void Set(IDataWatcher watcher, in DataInterest interest)
    {
        if (_entries.Count >= _sweepAt)
        {
            foreach (IDataWatcher each in _entries.Keys)
            {
                if (each.IsOver)
                {
                    _entries.Remove(each);
                }
            }

            _sweepAt = Math.Max(FirstSweep, 2 * _entries.Count);
        }

        _entries[watcher] = interest;
    }

    /// <summary>Takes one out that waits no more.</summary>
    public void Remove(IDataWatcher watcher) => _entries.Remove(watcher);

    /// <summary>Takes out and tells those that have news; the others hear that something has moved.</summary>
    public void Release(in ReadableLimits limits, WakeList wakes)
    {
        foreach ((IDataWatcher watcher, DataInterest interest) in _entries)
        {
            if (watcher.IsOver)
            {
                _entries.Remove(watcher);
            }
            else if (limits.HasUpdates(interest))
            {
                watcher.HasUpdates(wakes);
                _entries.Remove(watcher);
            }
            else
            {
                watcher.OnLogChanged();
            }
        }
    }

    /// <summary>Takes out and wakes all: the leadership has changed.</summary>
    public void ReleaseAll(WakeList wakes)
    {
        foreach (IDataWatcher watcher in _entries.Keys)
        {
            if (!watcher.IsOver)
            {
                watcher.HasUpdates(wakes);
            }
        }

        _entries.Clear();
    }
}
