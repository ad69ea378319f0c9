using RaftLog.Platform.Waiting;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// When which partition has to look at the time: thousands of quiet ones cost nothing until then. A partition leaves an earlier time where
/// it needs one, and is passed over at the later one; so it stands here a few times at most.
/// </summary>
/// <param name="waiters">Clock and waits.</param>
internal sealed class PartitionTimes(Waiters waiters)
{
    /// <summary>How often it is looked at most.</summary>
    private const long LeastPauseMs = 100;

    /// <summary>How often it is looked at least.</summary>
    private const long MostPauseMs = 1_000;

    private readonly Lock _gate = new();
    private readonly PriorityQueue<Partition, long> _queue = new();
    private readonly AsyncSignal _signal = new(waiters);

    /// <summary>When the wait under way ends; the smallest time while nobody waits.</summary>
    private long _wakeMs = long.MinValue;

    /// <summary>Leaves a time with a partition. From anywhere, also under the partition's lock.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="dueMs">The time, in the node's monotonic milliseconds.</param>
    public void Add(Partition partition, long dueMs)
    {
        bool isEarlier;
        lock (_gate)
        {
            _queue.Enqueue(partition, dueMs);
            isEarlier = dueMs < _wakeMs;
            _wakeMs = isEarlier ? long.MinValue : _wakeMs;
        }

        if (isEarlier)
        {
            _signal.Set();
        }
    }

    /// <summary>Waits until a partition's time has come, or somebody should look after something else for once. One at a time.</summary>
    public ValueTask<WaitOutcome> WaitAsync()
    {
        long pauseMs;
        lock (_gate)
        {
            long now = waiters.NowMs;
            long untilNext = _queue.TryPeek(out _, out long dueMs) ? dueMs - now : MostPauseMs;
            pauseMs = Math.Clamp(untilNext, LeastPauseMs, MostPauseMs);
            _wakeMs = now + pauseMs;
        }

        return _signal.WaitAsync(TimeSpan.FromMilliseconds(pauseMs));
    }

    /// <summary>Takes the partitions whose time has come.</summary>
    public void TakeDue(long nowMs, List<Partition> due)
    {
        lock (_gate)
        {
            _wakeMs = long.MinValue;
            while (_queue.TryPeek(out Partition? partition, out long dueMs) && dueMs <= nowMs)
            {
                _queue.Dequeue();
                due.Add(partition);
            }
        }
    }
}
