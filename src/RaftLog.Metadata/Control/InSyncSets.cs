using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>
/// Judges the in-sync sets that leaders propose (KIP-497, KIP-903). Each check stands in the order in which its error wins.
/// </summary>
internal static partial class InSyncSets
{
    public static ControllerResult<AlterPartitionResponse> Alter(MetadataImage image, IConfigTable configs, AlterPartitionRequest request)
    {
        if (!image.Brokers.TryGetValue(request.BrokerId, out BrokerRegistration? broker) || broker.Epoch != request.BrokerEpoch)
        {
            return new([], new AlterPartitionResponse { ErrorCode = ErrorCode.StaleBrokerEpoch });
        }

        Draft draft = new(image);
        AlterPartitionResponse response = new();
        foreach (AlterPartitionRequest.TopicData topic in request.Topics)
        {
            AlterPartitionResponse.TopicData responses = new() { TopicId = topic.TopicId };
            foreach (AlterPartitionRequest.PartitionData partition in topic.Partitions)
            {
                responses.Partitions.Add(AlterOne(draft, configs, broker.Id, topic.TopicId, partition));
            }

            response.Topics.Add(responses);
        }

        return draft.Respond(response);
    }

    private static AlterPartitionResponse.PartitionData AlterOne(
        Draft draft,
        IConfigTable configs,
        NodeId leader,
        Uuid topicId,
        AlterPartitionRequest.PartitionData asked
    )
    {
        MetadataImage image = draft.Image;
        if (!image.Topics.TryGet(topicId, out TopicImage? topic))
        {
            return Rejected(asked, ErrorCode.UnknownTopicId);
        }

        if (!topic.Partitions.TryGetValue(asked.PartitionIndex, out PartitionRegistration? partition))
        {
            return Rejected(asked, ErrorCode.UnknownTopicOrPartition);
        }

        List<Member> members =
        [
            .. asked.NewIsr.Select(each => new Member(each, BrokerEpoch.None)),
            .. asked.NewIsrWithEpochs.Select(each => new Member(each.BrokerId, each.BrokerEpoch)),
        ];
        ErrorCode error = Judge(image, partition, leader, asked, members);
        if (error != ErrorCode.None)
        {
            return Rejected(asked, error);
        }

        PartitionChangeRecord? change = new PartitionChangeBuilder(image, topicId, asked.PartitionIndex, partition)
        {
            Election = Leadership.KindFor(image, configs, topic),
            Isr = [.. members.Select(each => each.Id)],
            RecoveryState = (LeaderRecoveryState)asked.LeaderRecoveryState,
        }.Build();
        if (change is not null)
        {
            draft.Add(change);
            partition = partition.With(change);
        }

        return partition.Leader == leader ? Accepted(asked, partition) : Rejected(asked, ErrorCode.NewLeaderElected);
    }

    private static ErrorCode Judge(
        MetadataImage image,
        PartitionRegistration partition,
        NodeId leader,
        AlterPartitionRequest.PartitionData asked,
        List<Member> members
    )
    {
        if (asked.LeaderEpoch > partition.LeaderEpoch || asked.PartitionEpoch > partition.PartitionEpoch)
        {
            // The sender has seen what this controller has not: another one is active.
            return ErrorCode.NotController;
        }

        if (asked.LeaderEpoch < partition.LeaderEpoch)
        {
            return ErrorCode.FencedLeaderEpoch;
        }

        if (partition.Leader != leader)
        {
            return ErrorCode.InvalidRequest;
        }

        if (asked.PartitionEpoch < partition.PartitionEpoch)
        {
            return ErrorCode.InvalidUpdateVersion;
        }

        if (!IsPossibleSet(partition, leader, members) || !IsPossibleRecovery(partition, asked, members))
        {
            return ErrorCode.InvalidRequest;
        }

        return members.All(each => IsEligible(image, each)) ? ErrorCode.None : ErrorCode.IneligibleReplica;
    }

    private static bool IsPossibleSet(PartitionRegistration partition, NodeId leader, List<Member> members) =>
        members.All(each => partition.Replicas.Contains(each.Id))
        && members.DistinctBy(each => each.Id).Count() == members.Count
        && members.Any(each => each.Id == leader);

    private static bool IsPossibleRecovery(
        PartitionRegistration partition,
        AlterPartitionRequest.PartitionData asked,
        List<Member> members
    ) =>
        (LeaderRecoveryState)asked.LeaderRecoveryState switch
        {
            LeaderRecoveryState.Recovered => true,
            LeaderRecoveryState.Recovering => members.Count == 1 && partition.RecoveryState == LeaderRecoveryState.Recovering,
            _ => false,
        };

    private static bool IsEligible(MetadataImage image, Member member)
    {
        SeededBugAdmitsEarlierIncarnation(ref member);
        return image.Brokers.TryGetValue(member.Id, out BrokerRegistration? broker)
            && broker.IsActive
            && (member.Epoch == BrokerEpoch.None || member.Epoch == broker.Epoch);
    }

    static partial void SeededBugAdmitsEarlierIncarnation(ref Member member);

    private static AlterPartitionResponse.PartitionData Rejected(AlterPartitionRequest.PartitionData asked, ErrorCode error) =>
        new() { PartitionIndex = asked.PartitionIndex, ErrorCode = error };

    private static AlterPartitionResponse.PartitionData Accepted(
        AlterPartitionRequest.PartitionData asked,
        PartitionRegistration partition
    ) =>
        new()
        {
            PartitionIndex = asked.PartitionIndex,
            LeaderId = partition.Leader,
            LeaderEpoch = partition.LeaderEpoch,
            Isr = partition.Isr.ToList(),
            LeaderRecoveryState = (sbyte)partition.RecoveryState,
            PartitionEpoch = partition.PartitionEpoch,
        };

    private readonly record struct Member(NodeId Id, BrokerEpoch Epoch);
}
