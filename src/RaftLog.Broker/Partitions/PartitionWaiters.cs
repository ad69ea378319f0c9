using RaftLog.Platform.Waiting;
using RaftLog.Replication;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// Who waits for something in one partition: produces, deletions, fetches, and its coordinator. Under the partition's lock.
/// </summary>
internal sealed class PartitionWaiters
{
    private readonly CommitLedger _commits = new();
    private readonly CommitLedger _flushes = new();
    private readonly CommitLedger _deletions = new();
    private AsyncSignal? _observer;

    /// <summary>Fetches that wait for data.</summary>
    public DataWaiters Readers { get; } = new();

    /// <summary>Decides a request's slot at once where that is possible, and lets it wait else.</summary>
    public void Await(in CommitLedger.Entry entry, PartitionReplica replica)
    {
        if (entry.Judge(replica) is { } outcome)
        {
            entry.Wait.Decide(entry.Slot, outcome);
            return;
        }

        CommitLedger ledger = entry.For switch
        {
            Awaited.Commit => _commits,
            Awaited.LocalFlush => _flushes,
            _ => _deletions,
        };
        ledger.Add(entry);
    }

    /// <summary>The log, the high watermark or the role has changed: decides the requests that can be decided now.</summary>
    public void Release(PartitionReplica replica, WakeList wakes)
    {
        _commits.Release(replica, wakes);
        _flushes.Release(replica, wakes);
        _deletions.Release(replica, wakes);
    }

    /// <summary>A follower has told where its log begins.</summary>
    public void ReleaseDeletions(PartitionReplica replica, WakeList wakes)
    {
        if (!_deletions.IsEmpty)
        {
            _deletions.Release(replica, wakes);
        }
    }

    /// <summary>Whom to wake from now on when the high watermark or this node's role has changed. One at a time.</summary>
    public void Observe(AsyncSignal observer) => _observer = observer;

    /// <summary>Takes an observer away, if another has not taken its place.</summary>
    public void EndObservation(AsyncSignal observer) => _observer = ReferenceEquals(_observer, observer) ? null : _observer;

    /// <summary>The high watermark or the role has changed.</summary>
    public void CommitsMayHaveChanged(WakeList wakes)
    {
        if (_observer is { } observer)
        {
            wakes.Add(observer);
        }
    }
}
