using System.Diagnostics.CodeAnalysis;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// The partitions of one fetcher, and which of them have changed since its loop looked at them last, so that a round costs what has
/// changed. Partitions list themselves under their own lock, so the lock here is taken last. Bounded by the partitions: each is listed
/// once.
/// </summary>
internal sealed class FollowedPartitions(AsyncSignal signal)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TopicIdPartition, FollowedPartition> _byId = [];
    private List<FollowedPartition> _due = [];

    /// <summary>Takes a partition, in the place of the one of the same id.</summary>
    public void Add(FollowedPartition followed)
    {
        lock (_gate)
        {
            Leave(followed.Partition.Id);
            _byId.Add(followed.Partition.Id, followed);
            List(followed);
        }
    }

    /// <summary>Lets go of a partition.</summary>
    public void Remove(TopicIdPartition id)
    {
        lock (_gate)
        {
            Leave(id);
        }
    }

    /// <summary>Finds a partition.</summary>
    public bool TryFind(TopicIdPartition id, [NotNullWhen(true)] out FollowedPartition? followed)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(id, out followed);
        }
    }

    /// <summary>What is to be asked for a partition may have changed.</summary>
    public void Changed(TopicIdPartition id)
    {
        lock (_gate)
        {
            if (_byId.TryGetValue(id, out FollowedPartition? followed))
            {
                List(followed);
            }
        }
    }

    /// <summary>The same, told by the partition itself: the fetcher is woken for it.</summary>
    public void Changed(TopicIdPartition id, WakeList wakes)
    {
        Changed(id);
        wakes.Add(signal);
    }

    /// <summary>All may have changed.</summary>
    public void AllChanged()
    {
        lock (_gate)
        {
            foreach (FollowedPartition followed in _byId.Values)
            {
                List(followed);
            }
        }
    }

    /// <summary>Those that have changed, and are not listed from now on. A partition that has left is among them once more.</summary>
    public List<FollowedPartition> TakeDue()
    {
        lock (_gate)
        {
            List<FollowedPartition> due = _due;
            _due = [];
            foreach (FollowedPartition followed in due)
            {
                followed.IsDue = false;
            }

            return due;
        }
    }

    private void Leave(TopicIdPartition id)
    {
        if (_byId.Remove(id, out FollowedPartition? followed))
        {
            followed.IsGone = true;
            List(followed);
        }
    }

    private void List(FollowedPartition followed)
    {
        if (!followed.IsDue)
        {
            followed.IsDue = true;
            _due.Add(followed);
        }
    }
}
