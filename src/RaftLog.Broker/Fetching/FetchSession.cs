using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Fetching;

/// <summary>
/// One client's incremental fetches (KIP-227): the partitions it reads are kept here, and each request names only what changed. One request at a time
/// owns it, from the look-up in <see cref="FetchSessions"/> until its answer is made, and changes it without a lock.
/// </summary>
internal sealed class FetchSession(int id, bool usesTopicIds, bool isReplica)
{
    private readonly Dictionary<FetchKey, LinkedListNode<FetchTarget>> _byKey = [];
    private readonly LinkedList<FetchTarget> _order = [];

    /// <summary>The session's id, above 0.</summary>
    public int Id { get; } = id;

    /// <summary>True when partitions are named by topic id.</summary>
    public bool UsesTopicIds { get; } = usesTopicIds;

    /// <summary>True for a follower's session, which is not evicted for a consumer's.</summary>
    public bool IsReplica { get; } = isReplica;

    /// <summary>The epoch that the next request must carry.</summary>
    public int NextEpoch { get; private set; } = 1;

    /// <summary>When it was last used, in monotonic milliseconds.</summary>
    public long LastUsedMs { get; set; }

    /// <summary>True while a request owns it. Under the lock of <see cref="FetchSessions"/>.</summary>
    public bool IsOwned { get; set; }

    /// <summary>The partitions, those that waited longest for records first.</summary>
    public IReadOnlyCollection<FetchTarget> Targets => _order;

    /// <summary>Takes the next epoch: 1 follows the largest, since 0 begins a session.</summary>
    public void Advance() => NextEpoch = NextEpoch == int.MaxValue ? 1 : NextEpoch + 1;

    /// <summary>Adds and changes partitions, and forgets others.</summary>
    public void Update(FetchRequest request)
    {
        foreach (FetchRequest.FetchTopic topic in request.Topics)
        {
            foreach (FetchRequest.FetchPartition partition in topic.Partitions)
            {
                FetchKey key = new(topic.Topic, topic.TopicId, partition.Partition);
                if (!_byKey.TryGetValue(key, out LinkedListNode<FetchTarget>? node))
                {
                    node = _order.AddLast(new FetchTarget(key));
                    _byKey.Add(key, node);
                }

                FetchTargets.Fill(node.Value, partition);
            }
        }

        foreach (FetchRequest.ForgottenTopic topic in request.ForgottenTopicsData)
        {
            foreach (int partition in topic.Partitions)
            {
                if (_byKey.Remove(new FetchKey(topic.Topic, topic.TopicId, partition), out LinkedListNode<FetchTarget>? node))
                {
                    _order.Remove(node);
                }
            }
        }
    }

    /// <summary>Lets a partition that got records stand behind those that did not, so that no partition starves.</summary>
    public void MoveLast(FetchTarget target)
    {
        if (_byKey.TryGetValue(target.Key, out LinkedListNode<FetchTarget>? node))
        {
            _order.Remove(node);
            _order.AddLast(node);
        }
    }
}

/// <summary>Reads what a request says of its partitions.</summary>
internal static class FetchTargets
{
    /// <summary>All partitions of a request, in its order.</summary>
    public static List<FetchTarget> Of(FetchRequest request)
    {
        List<FetchTarget> targets = [];
        foreach (FetchRequest.FetchTopic topic in request.Topics)
        {
            foreach (FetchRequest.FetchPartition partition in topic.Partitions)
            {
                FetchTarget target = new(new FetchKey(topic.Topic, topic.TopicId, partition.Partition));
                Fill(target, partition);
                targets.Add(target);
            }
        }

        return targets;
    }

    /// <summary>Takes over what the request says of one partition.</summary>
    public static void Fill(FetchTarget target, FetchRequest.FetchPartition partition)
    {
        target.FetchOffset = partition.FetchOffset;
        target.CurrentLeaderEpoch = partition.CurrentLeaderEpoch;
        target.LastFetchedEpoch = partition.LastFetchedEpoch;
        target.LogStartOffset = partition.LogStartOffset;
        target.MaxBytes = partition.PartitionMaxBytes;
        target.KnownHighWatermark = partition.HighWatermark;
    }
}
