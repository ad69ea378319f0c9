using System.Reflection;
using RaftLog.Client.Admin;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Tests;

/// <summary>Whatever a broker serves to clients, this client asks for: one method each.</summary>
public class ServedApiTests
{
    /// <summary>What producers, consumers and every connection ask for themselves.</summary>
    private static readonly HashSet<ApiKey> AskedByClients =
    [
        ApiKey.Produce,
        ApiKey.Fetch,
        ApiKey.Metadata,
        ApiKey.OffsetCommit,
        ApiKey.FindCoordinator,
        ApiKey.JoinGroup,
        ApiKey.Heartbeat,
        ApiKey.SyncGroup,
        ApiKey.ApiVersions,
        ApiKey.AddPartitionsToTxn,
        ApiKey.AddOffsetsToTxn,
        ApiKey.EndTxn,
        ApiKey.TxnOffsetCommit,
        ApiKey.ConsumerGroupHeartbeat,
    ];

    /// <summary>What nodes ask one another; and AlterConfigs, which replaces a whole configuration, and which Kafka's clients have given up
    /// for IncrementalAlterConfigs (KIP-339); and OffsetForLeaderEpoch, since a leader tells a reader in Fetch where its log was truncated.
    /// </summary>
    private static readonly HashSet<ApiKey> AskedByNoClient =
    [
        ApiKey.AlterConfigs,
        ApiKey.OffsetForLeaderEpoch,
        ApiKey.Vote,
        ApiKey.BeginQuorumEpoch,
        ApiKey.EndQuorumEpoch,
        ApiKey.AlterPartition,
        ApiKey.Envelope,
        ApiKey.FetchSnapshot,
        ApiKey.BrokerRegistration,
        ApiKey.BrokerHeartbeat,
        ApiKey.AllocateProducerIds,
        ApiKey.ControllerRegistration,
        ApiKey.AssignReplicasToDirs,
        ApiKey.UpdateRaftVoter,
    ];

    private static readonly Dictionary<ApiKey, (Type Admin, string Method)> AskedByAdmin = new()
    {
        [ApiKey.ListOffsets] = (typeof(KafkaAdmin), nameof(KafkaAdmin.ListOffsetsAsync)),
        [ApiKey.OffsetFetch] = (typeof(GroupAdmin), nameof(GroupAdmin.OffsetsAsync)),
        [ApiKey.LeaveGroup] = (typeof(GroupAdmin), nameof(GroupAdmin.RemoveMembersAsync)),
        [ApiKey.DescribeGroups] = (typeof(GroupAdmin), nameof(GroupAdmin.DescribeAsync)),
        [ApiKey.ListGroups] = (typeof(GroupAdmin), nameof(GroupAdmin.ListAsync)),
        [ApiKey.CreateTopics] = (typeof(KafkaAdmin), nameof(KafkaAdmin.CreateTopicsAsync)),
        [ApiKey.DeleteTopics] = (typeof(KafkaAdmin), nameof(KafkaAdmin.DeleteTopicsAsync)),
        [ApiKey.DeleteRecords] = (typeof(KafkaAdmin), nameof(KafkaAdmin.DeleteRecordsAsync)),
        [ApiKey.InitProducerId] = (typeof(TransactionAdmin), nameof(TransactionAdmin.FenceAsync)),
        [ApiKey.WriteTxnMarkers] = (typeof(TransactionAdmin), nameof(TransactionAdmin.AbortAsync)),
        [ApiKey.DescribeConfigs] = (typeof(KafkaAdmin), nameof(KafkaAdmin.DescribeConfigsAsync)),
        [ApiKey.AlterReplicaLogDirs] = (typeof(LogDirAdmin), nameof(LogDirAdmin.MoveAsync)),
        [ApiKey.DescribeLogDirs] = (typeof(LogDirAdmin), nameof(LogDirAdmin.DescribeAsync)),
        [ApiKey.CreatePartitions] = (typeof(KafkaAdmin), nameof(KafkaAdmin.CreatePartitionsAsync)),
        [ApiKey.DeleteGroups] = (typeof(GroupAdmin), nameof(GroupAdmin.DeleteAsync)),
        [ApiKey.ElectLeaders] = (typeof(KafkaAdmin), nameof(KafkaAdmin.ElectLeadersAsync)),
        [ApiKey.IncrementalAlterConfigs] = (typeof(KafkaAdmin), nameof(KafkaAdmin.AlterConfigsAsync)),
        [ApiKey.AlterPartitionReassignments] = (typeof(ReassignmentAdmin), nameof(ReassignmentAdmin.AlterAsync)),
        [ApiKey.ListPartitionReassignments] = (typeof(ReassignmentAdmin), nameof(ReassignmentAdmin.ListAsync)),
        [ApiKey.OffsetDelete] = (typeof(GroupAdmin), nameof(GroupAdmin.DeleteOffsetsAsync)),
        [ApiKey.DescribeQuorum] = (typeof(KafkaAdmin), nameof(KafkaAdmin.DescribeQuorumAsync)),
        [ApiKey.UpdateFeatures] = (typeof(BrokerAdmin), nameof(BrokerAdmin.SetFeatureAsync)),
        [ApiKey.DescribeCluster] = (typeof(KafkaAdmin), nameof(KafkaAdmin.DescribeClusterAsync)),
        [ApiKey.DescribeProducers] = (typeof(TransactionAdmin), nameof(TransactionAdmin.ProducersAsync)),
        [ApiKey.UnregisterBroker] = (typeof(BrokerAdmin), nameof(BrokerAdmin.UnregisterAsync)),
        [ApiKey.DescribeTransactions] = (typeof(TransactionAdmin), nameof(TransactionAdmin.DescribeAsync)),
        [ApiKey.ListTransactions] = (typeof(TransactionAdmin), nameof(TransactionAdmin.ListAsync)),
        [ApiKey.ConsumerGroupDescribe] = (typeof(GroupAdmin), nameof(GroupAdmin.DescribeAsync)),
        [ApiKey.ListConfigResources] = (typeof(KafkaAdmin), nameof(KafkaAdmin.ListConfigResourcesAsync)),
        [ApiKey.DescribeTopicPartitions] = (typeof(KafkaAdmin), nameof(KafkaAdmin.DescribeTopicsAsync)),
    };

    /// <summary>All that this client asks brokers for.</summary>
    public static IEnumerable<ApiKey> AskedOfBrokers => AskedByClients.Concat(AskedByAdmin.Keys);

    [Fact]
    public void Each_API_that_this_project_speaks_has_a_caller() =>
        Assert.Equal(
            ApiCatalog.All.Select(each => each.Key).Order(),
            AskedByClients.Concat(AskedByNoClient).Concat(AskedByAdmin.Keys).Order()
        );

    [Fact]
    public void Each_administrative_call_can_be_cancelled() =>
        Assert.All(
            AskedByAdmin.Values,
            each =>
                Assert.Contains(
                    each.Admin.GetMethods(BindingFlags.Public | BindingFlags.Instance),
                    method => method.Name == each.Method && method.GetParameters()[^1].ParameterType == typeof(CancellationToken)
                )
        );
}
