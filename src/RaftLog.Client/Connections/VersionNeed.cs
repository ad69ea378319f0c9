using RaftLog.Client.Admin;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Connections;

/// <summary>
/// What a request needs of its broker. Fields that a version does not carry are left out when it is written, so below this one an older
/// broker would do something else than was asked, without a word.
/// </summary>
/// <param name="Lowest">The lowest version that carries what the request says.</param>
/// <param name="For">What needs it.</param>
/// <param name="Since">The first release of Kafka that serves the version.</param>
internal sealed record VersionNeed(short Lowest, string For, string Since)
{
    /// <summary>What a request needs that not every broker from Kafka 2.1 on has; null for one that they all understand.</summary>
    public static VersionNeed? Of(IMessage request) =>
        request switch
        {
            ListOffsetsRequest offsets when Asks(offsets, OffsetSpec.MaxTimestamp) => MaxTimestamp,
            JoinGroupRequest { GroupInstanceId: not null } => StaticMember,
            LeaveGroupRequest leave when leave.Members.Count > 1 || leave.Members.Exists(static each => each.GroupInstanceId is not null) =>
                RemoveMembers,
            CreateTopicsRequest create when create.Topics.Exists(LeavesShapeToCluster) => DefaultShape,
            InitProducerIdRequest { TransactionalId: not null, ProducerId.IsPresent: true } => NextEpoch,
            WriteTxnMarkersRequest => AbortHanging,
            TxnOffsetCommitRequest { GenerationId: >= 0 } or TxnOffsetCommitRequest { GroupInstanceId: not null } => FencedOffsets,
            ElectLeadersRequest { ElectionType: 0 } => ElectLeaders,
            ElectLeadersRequest => ElectUnclean,
            IncrementalAlterConfigsRequest => AlterConfigs,
            AlterPartitionReassignmentsRequest or ListPartitionReassignmentsRequest => Reassign,
            OffsetDeleteRequest => DeleteOffsets,
            DescribeQuorumRequest => DescribeQuorum,
            UpdateFeaturesRequest => SetFeature,
            DescribeProducersRequest => DescribeProducers,
            UnregisterBrokerRequest => Unregister,
            DescribeTransactionsRequest or ListTransactionsRequest => DescribeTransactions,
            ConsumerGroupHeartbeatRequest { SubscribedTopicRegex: not null } => SubscribePattern,
            ListConfigResourcesRequest { ResourceTypes: [(sbyte)ConfigResourceType.ClientMetrics] } => ListClientMetrics,
            ListConfigResourcesRequest => ListConfigResources,
            _ => null,
        };

    private static VersionNeed MaxTimestamp { get; } = new(7, "the offset of the largest timestamp (KIP-734)", "3.0");

    private static VersionNeed StaticMember { get; } = new(5, "a static member (group.instance.id, KIP-345)", "2.3");

    private static VersionNeed RemoveMembers { get; } = new(3, "removing static or several members (KIP-345)", "2.4");

    private static VersionNeed DefaultShape { get; } = new(4, "a topic with the cluster's default partitions or replicas (KIP-464)", "2.4");

    private static VersionNeed NextEpoch { get; } = new(3, "the next epoch of a transactional producer after a failure (KIP-360)", "2.5");

    private static VersionNeed AbortHanging { get; } = new(1, "aborting a hanging transaction (KIP-664)", "2.8");

    private static VersionNeed FencedOffsets { get; } =
        new(3, "offsets in a transaction that name their consumer (KIP-447; name the group alone)", "2.5");

    private static VersionNeed ElectLeaders { get; } = new(0, "electing preferred leaders (KIP-183)", "2.2");

    private static VersionNeed ElectUnclean { get; } = new(1, "an unclean election (KIP-460)", "2.4");

    private static VersionNeed AlterConfigs { get; } = new(0, "changing configuration key by key (KIP-339)", "2.3");

    private static VersionNeed Reassign { get; } = new(0, "moving partitions (KIP-455)", "2.4");

    private static VersionNeed DeleteOffsets { get; } = new(0, "deleting positions of a group (KIP-496)", "2.4");

    private static VersionNeed DescribeQuorum { get; } = new(0, "describing the metadata quorum (KIP-595)", "3.3 with KRaft");

    private static VersionNeed SetFeature { get; } = new(1, "setting a feature's level (KIP-778)", "3.3");

    private static VersionNeed DescribeProducers { get; } = new(0, "describing a partition's producers (KIP-664)", "2.8");

    private static VersionNeed Unregister { get; } = new(0, "taking a broker out (KIP-631)", "3.3 with KRaft");

    private static VersionNeed DescribeTransactions { get; } = new(0, "describing transactions (KIP-664)", "3.0");

    private static VersionNeed SubscribePattern { get; } = new(1, "a pattern that the coordinator looks for (KIP-848)", "4.0");

    private static VersionNeed ListClientMetrics { get; } = new(0, "listing what has metrics configuration (KIP-714)", "3.7 with KRaft");

    private static VersionNeed ListConfigResources { get; } = new(1, "listing what has configuration (KIP-1142)", "4.1");

    private static bool Asks(ListOffsetsRequest request, OffsetSpec spec) =>
        request.Topics.Exists(topic => topic.Partitions.Exists(partition => partition.Timestamp == spec.Timestamp));

    private static bool LeavesShapeToCluster(CreateTopicsRequest.CreatableTopic topic) =>
        topic.Assignments.Count == 0 && (topic.NumPartitions < 0 || topic.ReplicationFactor < 0);
}
