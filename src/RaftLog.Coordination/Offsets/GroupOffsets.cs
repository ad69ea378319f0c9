using RaftLog.Protocol;

namespace RaftLog.Coordination.Offsets;

/// <summary>The offsets of one group.</summary>
internal sealed class GroupOffsets
{
    /// <summary>The committed offsets by topic and partition.</summary>
    public SortedDictionary<string, SortedDictionary<int, CommittedOffset>> Committed { get; } = new(StringComparer.Ordinal);

    /// <summary>The partitions for which open transactions have staged offsets, each with the number of such transactions.</summary>
    public SortedDictionary<TopicPartition, int> Staged { get; } = [];

    public bool IsEmpty => Committed.Count == 0 && Staged.Count == 0;
}
