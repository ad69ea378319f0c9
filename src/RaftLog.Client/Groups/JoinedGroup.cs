using RaftLog.Client.Consume;
using RaftLog.Protocol;

namespace RaftLog.Client.Groups;

/// <summary>The end of a rebalance for one member.</summary>
/// <param name="Identity">Who it is in the new generation.</param>
/// <param name="Partitions">What it reads from now on.</param>
/// <param name="Committed">Where those that it did not have go on; none where nobody has committed.</param>
internal sealed record JoinedGroup(
    GroupIdentity Identity,
    SortedSet<TopicPartition> Partitions,
    SortedDictionary<TopicPartition, OffsetAndEpoch> Committed
)
{
    /// <summary>Where a partition goes on: at the committed offset, or where the consumer's policy says.</summary>
    public StartAt StartOf(TopicPartition partition) => StartAt.Place(Committed.GetValueOrDefault(partition, OffsetAndEpoch.None));
}
