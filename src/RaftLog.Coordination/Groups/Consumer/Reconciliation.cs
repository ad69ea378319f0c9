using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>
/// Takes one member of a consumer group a step towards its target (KIP-848): first it gives up what it shall not own, then it gets what
/// it shall own and nobody owns, so that no partition ever has two owners.
/// </summary>
internal static class Reconciliation
{
    /// <summary>The member after the step; the same one where there is nothing to do.</summary>
    /// <param name="group">The group, whose other members may own what this one shall get.</param>
    /// <param name="member">The member.</param>
    /// <param name="targetEpoch">The epoch of the target.</param>
    /// <param name="target">What the member shall own, of the topics that it still subscribes to, sorted.</param>
    /// <param name="reported">What the member says that it owns; null when it does not say.</param>
    /// <param name="wantsOtherTopics">True when the member has just changed what it subscribes to.</param>
    public static ConsumerMember Step(
        ConsumerGroup group,
        ConsumerMember member,
        int targetEpoch,
        IReadOnlyList<TopicIdPartition> target,
        IReadOnlySet<TopicIdPartition>? reported,
        bool wantsOtherTopics
    )
    {
        bool isDue = member.State switch
        {
            ConsumerMemberState.Stable => member.Epoch != targetEpoch || wantsOtherTopics,
            ConsumerMemberState.UnrevokedPartitions => reported is not null
                && !member.PendingRevocation.Any(owned => reported.Contains(owned.Partition)),
            _ => true,
        };
        return isDue ? Next(group, member, targetEpoch, target, reported) : member;
    }

    private static ConsumerMember Next(
        ConsumerGroup group,
        ConsumerMember member,
        int targetEpoch,
        IReadOnlyList<TopicIdPartition> target,
        IReadOnlySet<TopicIdPartition>? reported
    )
    {
        HashSet<TopicIdPartition> wanted = [.. target];
        List<OwnedPartition> kept = [.. member.Assigned.Where(owned => wanted.Contains(owned.Partition))];
        List<OwnedPartition> surplus = [.. member.Assigned.Where(owned => !wanted.Contains(owned.Partition))];
        if (surplus.Any(owned => reported is null || reported.Contains(owned.Partition)))
        {
            return member with
            {
                PreviousEpoch = member.Epoch,
                State = ConsumerMemberState.UnrevokedPartitions,
                Assigned = kept,
                PendingRevocation = surplus,
            };
        }

        bool waits = false;
        HashSet<TopicIdPartition> has = [.. kept.Select(owned => owned.Partition)];
        foreach (TopicIdPartition partition in target)
        {
            if (has.Contains(partition))
            {
                continue;
            }

            string? owner = group.OwnerOf(partition);
            if (owner is null || owner == member.Id)
            {
                kept.Add(new OwnedPartition(partition, targetEpoch));
            }
            else
            {
                waits = true;
            }
        }

        kept.Sort(PartitionSets.CompareOwned);
        ConsumerMember next = member with
        {
            Epoch = targetEpoch,
            PreviousEpoch = member.Epoch,
            State = waits ? ConsumerMemberState.UnreleasedPartitions : ConsumerMemberState.Stable,
            Assigned = kept,
            PendingRevocation = [],
        };
        return next.Epoch == member.Epoch && next.State == member.State && next.Assigned.SequenceEqual(member.Assigned) ? member : next;
    }
}
