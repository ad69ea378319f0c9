using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using RaftLog.Protocol;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// The partitions that a node holds. One loop adds and removes them, and says with <see cref="List"/> when <see cref="All"/> shows it;
/// everyone looks them up without a lock.
/// </summary>
internal sealed class HeldPartitions
{
    private readonly ConcurrentDictionary<TopicPartition, Partition> _byName = new();
    private readonly ConcurrentDictionary<TopicIdPartition, Partition> _byId = new();
    private readonly SortedDictionary<TopicIdPartition, Partition> _inOrder = new(ByTopicIdThenIndex.Instance);
    private Partition[] _all = [];

    /// <summary>All partitions, in the order of topic ids, as they were listed last.</summary>
    public Partition[] All => Volatile.Read(ref _all);

    /// <summary>Finds a partition by its topic's name; null when it is not held.</summary>
    public Partition? Find(TopicPartition name) => _byName.GetValueOrDefault(name);

    /// <summary>Finds a partition by its topic's id; null when it is not held.</summary>
    public Partition? Find(TopicIdPartition id) => _byId.GetValueOrDefault(id);

    /// <summary>Lists what is held now.</summary>
    public void List() => Volatile.Write(ref _all, [.. _inOrder.Values]);

    /// <summary>A partition is held, the only one of its id; one of the same name that was held is found by its id alone.</summary>
    public void Add(Partition partition)
    {
        _inOrder.Add(partition.Id, partition);
        _byId[partition.Id] = partition;
        _byName[partition.Name] = partition;
    }

    /// <summary>A partition is held no longer; false when it was not.</summary>
    public bool TryRemove(TopicIdPartition id, [NotNullWhen(true)] out Partition? partition)
    {
        if (!_inOrder.Remove(id, out partition))
        {
            return false;
        }

        _byId.TryRemove(id, out _);
        _byName.TryRemove(new KeyValuePair<TopicPartition, Partition>(partition.Name, partition));
        return true;
    }

    /// <summary>The order in which partitions are looked at, the same in every run.</summary>
    public sealed class ByTopicIdThenIndex : IComparer<TopicIdPartition>
    {
        /// <summary>The order.</summary>
        public static readonly ByTopicIdThenIndex Instance = new();

        /// <inheritdoc />
        public int Compare(TopicIdPartition left, TopicIdPartition right)
        {
            int byTopic = left.TopicId.CompareTo(right.TopicId);
            return byTopic != 0 ? byTopic : left.Partition.CompareTo(right.Partition);
        }
    }
}
