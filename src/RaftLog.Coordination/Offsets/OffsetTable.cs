using System.Diagnostics.CodeAnalysis;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Offsets;

/// <summary>
/// The committed offsets of all groups of one partition of <c>__consumer_offsets</c>, and those that open transactions have staged.
/// Changed by replay only. Only partitions that exist can be committed, so the groups' own number bounds it.
/// </summary>
internal sealed class OffsetTable
{
    private readonly Dictionary<string, GroupOffsets> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<ProducerId, Dictionary<(string GroupId, TopicPartition Partition), CommittedOffset>> _staged = [];

    /// <summary>The groups that have a committed or a staged offset.</summary>
    public IEnumerable<string> Groups => _groups.Keys;

    /// <summary>The number of groups that have a committed or a staged offset.</summary>
    public int GroupCount => _groups.Count;

    /// <summary>The producers whose transactions have staged offsets.</summary>
    public IReadOnlyDictionary<ProducerId, Dictionary<(string GroupId, TopicPartition Partition), CommittedOffset>> Staged => _staged;

    /// <summary>The offsets of one group; null where it has none.</summary>
    public GroupOffsets? Find(string groupId) => _groups.GetValueOrDefault(groupId);

    /// <summary>The committed offset of one partition.</summary>
    public bool TryFind(string groupId, string topic, int partition, [NotNullWhen(true)] out CommittedOffset? committed)
    {
        committed = null;
        if (
            _groups.TryGetValue(groupId, out GroupOffsets? group)
            && group.Committed.TryGetValue(topic, out SortedDictionary<int, CommittedOffset>? partitions)
            && partitions.TryGetValue(partition, out CommittedOffset found)
        )
        {
            committed = found;
        }

        return committed is not null;
    }

    /// <summary>True while an open transaction has staged an offset for the partition.</summary>
    public bool HasStaged(string groupId, string topic, int partition) =>
        _groups.TryGetValue(groupId, out GroupOffsets? group) && group.Staged.ContainsKey(new TopicPartition(topic, partition));

    /// <summary>An offset takes effect.</summary>
    public void Commit(string groupId, string topic, int partition, CommittedOffset committed)
    {
        GroupOffsets group = GetOrAdd(groupId);
        if (!group.Committed.TryGetValue(topic, out SortedDictionary<int, CommittedOffset>? partitions))
        {
            partitions = [];
            group.Committed.Add(topic, partitions);
        }

        partitions[partition] = committed;
    }

    /// <summary>A transaction stages an offset, which takes effect when the transaction commits.</summary>
    public void Stage(ProducerId producer, string groupId, string topic, int partition, CommittedOffset committed)
    {
        if (!_staged.TryGetValue(producer, out Dictionary<(string, TopicPartition), CommittedOffset>? staged))
        {
            staged = [];
            _staged.Add(producer, staged);
        }

        TopicPartition key = new(topic, partition);
        if (!staged.ContainsKey((groupId, key)))
        {
            GroupOffsets group = GetOrAdd(groupId);
            group.Staged[key] = group.Staged.GetValueOrDefault(key) + 1;
        }

        staged[(groupId, key)] = committed;
    }

    /// <summary>A transaction ends: what it has staged takes effect, unless a later commit is already there, or is forgotten.</summary>
    public void EndTransaction(ProducerId producer, bool isCommit)
    {
        if (!_staged.Remove(producer, out Dictionary<(string GroupId, TopicPartition Partition), CommittedOffset>? staged))
        {
            return;
        }

        foreach (((string groupId, TopicPartition partition), CommittedOffset committed) in staged)
        {
            Unstage(groupId, partition);
            if (
                isCommit
                && (
                    !TryFind(groupId, partition.Topic, partition.Partition, out CommittedOffset? present)
                    || present.Value.RecordOffset < committed.RecordOffset
                )
            )
            {
                Commit(groupId, partition.Topic, partition.Partition, committed);
            }

            ForgetEmpty(groupId);
        }
    }

    /// <summary>A committed offset is deleted, and with it what transactions have staged for the partition.</summary>
    public void Delete(string groupId, string topic, int partition)
    {
        if (!_groups.TryGetValue(groupId, out GroupOffsets? group))
        {
            return;
        }

        if (
            group.Committed.TryGetValue(topic, out SortedDictionary<int, CommittedOffset>? partitions)
            && partitions.Remove(partition)
            && partitions.Count == 0
        )
        {
            group.Committed.Remove(topic);
        }

        TopicPartition key = new(topic, partition);
        if (group.Staged.Remove(key))
        {
            foreach ((ProducerId producer, Dictionary<(string, TopicPartition), CommittedOffset> staged) in _staged)
            {
                if (staged.Remove((groupId, key)) && staged.Count == 0)
                {
                    _staged.Remove(producer);
                }
            }
        }

        ForgetEmpty(groupId);
    }

    private void Unstage(string groupId, TopicPartition partition)
    {
        if (_groups.TryGetValue(groupId, out GroupOffsets? group) && group.Staged.TryGetValue(partition, out int transactions))
        {
            if (transactions == 1)
            {
                group.Staged.Remove(partition);
            }
            else
            {
                group.Staged[partition] = transactions - 1;
            }
        }
    }

    private GroupOffsets GetOrAdd(string groupId)
    {
        if (!_groups.TryGetValue(groupId, out GroupOffsets? group))
        {
            group = new GroupOffsets();
            _groups.Add(groupId, group);
        }

        return group;
    }

    private void ForgetEmpty(string groupId)
    {
        if (_groups.TryGetValue(groupId, out GroupOffsets? group) && group.IsEmpty)
        {
            _groups.Remove(groupId);
        }
    }
}
