namespace RaftLog.Broker.Partitions;

/// <summary>The fetches that wait for one partition, each with what it waits for now. Under the partition's lock.</summary>
internal sealed class DataWaiters
{
    private const int FirstSweep = 32;
    private readonly Dictionary<DataWait, DataInterest> _entries = [];
    private int _sweepAt = FirstSweep;

    /// <summary>True when nobody waits.</summary>
    public bool IsEmpty => _entries.Count == 0;

    /// <summary>The fetches that are registered, those that are over included.</summary>
    public int Count => _entries.Count;

    /// <summary>
    /// Adds a fetch, or tells what it waits for after it has looked again. Those that are over are swept out whenever the table has doubled, so it
    /// holds at most twice as many as fetches wait.
    /// </summary>
    public void Set(DataWait wait, in DataInterest interest)
    {
        if (_entries.Count >= _sweepAt)
        {
            foreach (DataWait each in _entries.Keys)
            {
                if (each.IsOver)
                {
                    _entries.Remove(each);
                }
            }

            _sweepAt = Math.Max(FirstSweep, 2 * _entries.Count);
        }

        _entries[wait] = interest;
    }

    /// <summary>Takes out and wakes those that have news.</summary>
    public void Release(in ReadableLimits limits, WakeList wakes)
    {
        foreach ((DataWait wait, DataInterest interest) in _entries)
        {
            if (wait.IsOver)
            {
                _entries.Remove(wait);
            }
            else if (limits.HasNews(interest))
            {
                wakes.Add(wait.Signal);
                _entries.Remove(wait);
            }
        }
    }

    /// <summary>Takes out and wakes all: the leadership has changed.</summary>
    public void ReleaseAll(WakeList wakes)
    {
        foreach (DataWait wait in _entries.Keys)
        {
            if (!wait.IsOver)
            {
                wakes.Add(wait.Signal);
            }
        }

        _entries.Clear();
    }
}
