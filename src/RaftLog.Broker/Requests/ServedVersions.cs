using RaftLog.Protocol;

namespace RaftLog.Broker.Requests;

/// <summary>The versions of one API that are served.</summary>
/// <param name="Key">The API.</param>
/// <param name="Lowest">The lowest version that is accepted.</param>
/// <param name="Highest">The highest version whose meaning is built.</param>
/// <param name="Note">What a reader of the support table should know.</param>
public sealed record ServedVersions(ApiKey Key, short Lowest, short Highest, string Note = "")
{
    /// <summary>The lowest version that ApiVersions names to clients.</summary>
    public short AdvertisedLowest { get; init; } = Lowest;

    /// <summary>The highest version that ApiVersions names to clients.</summary>
    public short AdvertisedHighest { get; init; } = Highest;

    /// <summary>
    /// The APIs of a broker's listener. The lowest versions serve the weakest clients in use (kafkajs, kafka-python 2.0, librdkafka from
    /// 1.0); Produce names versions that it rejects, because librdkafka compresses only for a broker that names version 0.
    /// </summary>
    public static readonly IReadOnlyList<ServedVersions> OnBrokers =
    [
        new(ApiKey.Produce, 3, 13, "0 to 2 are named to clients and rejected, as Kafka does") { AdvertisedLowest = 0 },
        new(ApiKey.Fetch, 4, 18, "sessions; nothing is tiered"),
        new(ApiKey.ListOffsets, 1, 11, "nothing is tiered"),
        new(ApiKey.Metadata, 0, 13),
        new(ApiKey.OffsetCommit, 2, 10),
        new(ApiKey.OffsetFetch, 1, 10),
        new(ApiKey.FindCoordinator, 0, 6),
        new(ApiKey.JoinGroup, 0, 9),
        new(ApiKey.Heartbeat, 0, 4),
        new(ApiKey.LeaveGroup, 0, 5),
        new(ApiKey.SyncGroup, 0, 5),
        new(ApiKey.DescribeGroups, 0, 6),
        new(ApiKey.ListGroups, 0, 5),
        new(ApiKey.ApiVersions, 0, 4),
        new(ApiKey.CreateTopics, 2, 7),
        new(ApiKey.DeleteTopics, 1, 6),
        new(ApiKey.DeleteRecords, 0, 2),
        new(ApiKey.InitProducerId, 0, 6, "6 is unstable and not named to clients; it is served without two-phase commit")
        {
            AdvertisedHighest = 5,
        },
        new(ApiKey.OffsetForLeaderEpoch, 2, 4),
        new(ApiKey.AddPartitionsToTxn, 0, 5),
        new(ApiKey.AddOffsetsToTxn, 0, 4),
        new(ApiKey.EndTxn, 0, 5),
        new(ApiKey.WriteTxnMarkers, 1, 2),
        new(ApiKey.TxnOffsetCommit, 0, 5),
        new(ApiKey.DescribeConfigs, 1, 4),
        new(ApiKey.AlterConfigs, 0, 2),
        new(ApiKey.AlterReplicaLogDirs, 1, 2),
        new(ApiKey.DescribeLogDirs, 1, 5),
        new(ApiKey.CreatePartitions, 0, 3),
        new(ApiKey.DeleteGroups, 0, 2),
        new(ApiKey.ElectLeaders, 0, 2),
        new(ApiKey.IncrementalAlterConfigs, 0, 1),
        new(ApiKey.AlterPartitionReassignments, 0, 1),
        new(ApiKey.ListPartitionReassignments, 0, 0),
        new(ApiKey.OffsetDelete, 0, 0),
        new(ApiKey.DescribeQuorum, 0, 2),
        new(ApiKey.UpdateFeatures, 0, 2),
        new(ApiKey.DescribeCluster, 0, 2),
        new(ApiKey.DescribeProducers, 0, 0),
        new(ApiKey.UnregisterBroker, 0, 0),
        new(ApiKey.DescribeTransactions, 0, 0),
        new(ApiKey.ListTransactions, 0, 2),
        new(ApiKey.ConsumerGroupHeartbeat, 0, 1),
        new(ApiKey.ConsumerGroupDescribe, 0, 1),
        new(ApiKey.ListConfigResources, 0, 1),
        new(ApiKey.DescribeTopicPartitions, 0, 0),
    ];

    /// <summary>The APIs of a controller's listener, in all versions that the schemas know: Kafka's own ranges.</summary>
    public static readonly IReadOnlyList<ApiKey> OnControllers =
    [
        ApiKey.Fetch,
        ApiKey.ApiVersions,
        ApiKey.CreateTopics,
        ApiKey.DeleteTopics,
        ApiKey.DescribeConfigs,
        ApiKey.AlterConfigs,
        ApiKey.CreatePartitions,
        ApiKey.ElectLeaders,
        ApiKey.IncrementalAlterConfigs,
        ApiKey.AlterPartitionReassignments,
        ApiKey.ListPartitionReassignments,
        ApiKey.Vote,
        ApiKey.BeginQuorumEpoch,
        ApiKey.EndQuorumEpoch,
        ApiKey.DescribeQuorum,
        ApiKey.AlterPartition,
        ApiKey.UpdateFeatures,
        ApiKey.Envelope,
        ApiKey.FetchSnapshot,
        ApiKey.DescribeCluster,
        ApiKey.BrokerRegistration,
        ApiKey.BrokerHeartbeat,
        ApiKey.UnregisterBroker,
        ApiKey.AllocateProducerIds,
        ApiKey.ControllerRegistration,
        ApiKey.AssignReplicasToDirs,
    ];
}
