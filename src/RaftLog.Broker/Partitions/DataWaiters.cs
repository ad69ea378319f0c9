namespace RaftLog.Broker.Partitions;

/// <summary>The fetches that wait for one partition. Under the partition's lock.</summary>
internal sealed class DataWaiters
{
    private const int FirstSweep = 32;
    private readonly List<(DataInterest Interest, DataWait Wait)> _entries = [];
    private int _sweepAt = FirstSweep;

    /// <summary>True when nobody waits.</summary>
    public bool IsEmpty => _entries.Count == 0;

    /// <summary>Adds one; those that are over are swept out whenever the list has doubled, so it holds at most twice as many as fetches wait.</summary>
    public void Add(in DataInterest interest, DataWait wait)
    {
        if (_entries.Count >= _sweepAt)
        {
            _entries.RemoveAll(static each => each.Wait.IsOver);
            _sweepAt = Math.Max(FirstSweep, 2 * _entries.Count);
        }

        _entries.Add((interest, wait));
    }

    /// <summary>Takes out and wakes those that have news.</summary>
    public void Release(in ReadableLimits limits, WakeList wakes)
    {
        int kept = 0;
        for (int i = 0; i < _entries.Count; i++)
        {
            (DataInterest interest, DataWait wait) = _entries[i];
            if (wait.IsOver)
            {
                continue;
            }

            if (limits.HasNews(interest))
            {
                wakes.Add(wait.Signal);
            }
            else
            {
                _entries[kept++] = (interest, wait);
            }
        }

        _entries.RemoveRange(kept, _entries.Count - kept);
    }

    /// <summary>Takes out and wakes all: the leadership has changed.</summary>
    public void ReleaseAll(WakeList wakes)
    {
        foreach ((_, DataWait wait) in _entries)
        {
            if (!wait.IsOver)
            {
                wakes.Add(wait.Signal);
            }
        }

        _entries.Clear();
    }
}
