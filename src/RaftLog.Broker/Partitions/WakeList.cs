using RaftLog.Platform.Waiting;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// Whom to wake once a step is done with all its partitions: a flush of six partitions wakes a request that waits for all of them once, and
/// what it then reads is the state after the whole step. Not safe for concurrent use; whoever fills it calls <see cref="WakeAll"/>, with no
/// lock held.
/// </summary>
public sealed class WakeList
{
    private readonly List<AsyncSignal> _signals = [];

    /// <summary>Adds a signal; a repeated one is harmless.</summary>
    internal void Add(AsyncSignal signal)
    {
        if (_signals.Count == 0 || !ReferenceEquals(_signals[^1], signal))
        {
            _signals.Add(signal);
        }
    }

    /// <summary>Wakes everyone, and empties the list for its next use.</summary>
    public void WakeAll()
    {
        foreach (AsyncSignal signal in _signals)
        {
            signal.Set();
        }

        _signals.Clear();
    }
}
