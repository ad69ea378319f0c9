using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Admin;

/// <summary>The cluster as such: its brokers, and its metadata quorum.</summary>
internal sealed class ClusterRequests(ClientRuntime runtime, ClusterCalls calls)
{
    /// <inheritdoc cref="KafkaAdmin.DescribeClusterAsync"/>
    public async ValueTask<ClusterDescription> DescribeClusterAsync(CancellationToken cancel = default)
    {
        CallDeadline deadline = NewDeadline(cancel);
        try
        {
            DescribeClusterResponse response = await calls.CallAnyAsync(new DescribeClusterRequest(), static r => r.ErrorCode, deadline);
            AdminErrors.Check(response.ErrorCode, response.ErrorMessage, "describe cluster");
            return new ClusterDescription(
                response.ClusterId,
                response.ControllerId,
                [.. response.Brokers.Select(b => new BrokerView(b.BrokerId, new NetworkAddress(b.Host, b.Port), b.Rack)).OrderBy(b => b.Id)]
            );
        }
        catch (KafkaException e) when (e.Code == ErrorCode.UnsupportedVersion)
        {
            // Before Kafka 2.8 metadata alone says it.
            MetadataResponse response = await calls.CallAnyAsync(new MetadataRequest { Topics = [] }, static r => r.ErrorCode, deadline);
            return new ClusterDescription(
                response.ClusterId ?? "",
                response.ControllerId,
                [.. response.Brokers.Select(b => new BrokerView(b.NodeId, new NetworkAddress(b.Host, b.Port), b.Rack)).OrderBy(b => b.Id)]
            );
        }
    }

    /// <inheritdoc cref="KafkaAdmin.DescribeQuorumAsync"/>
    public async ValueTask<QuorumDescription> DescribeQuorumAsync(CancellationToken cancel = default)
    {
        DescribeQuorumRequest request = new()
        {
            Topics = [new() { TopicName = "__cluster_metadata", Partitions = [new() { PartitionIndex = 0 }] }],
        };
        DescribeQuorumResponse response = await calls.CallAnyAsync(request, QuorumError, NewDeadline(cancel));
        AdminErrors.Check(QuorumError(response), response.ErrorMessage, "describe quorum");
        if (response.Topics is not [{ Partitions: [{ } quorum] }])
        {
            throw new KafkaException(
                ErrorCode.UnknownServerError,
                "describe quorum: the response does not describe the quorum's partition"
            );
        }

        return new QuorumDescription(
            quorum.LeaderId,
            quorum.LeaderEpoch,
            quorum.HighWatermark,
            quorum.CurrentVoters.ConvertAll(Describe),
            quorum.Observers.ConvertAll(Describe)
        );
    }

    private CallDeadline NewDeadline(CancellationToken cancel) => new(runtime.Waiters, runtime.Options.CallTimeout, cancel);

    private static ErrorCode QuorumError(DescribeQuorumResponse response) =>
        response.ErrorCode != ErrorCode.None ? response.ErrorCode
        : response.Topics is [{ Partitions: [{ } quorum] }] ? quorum.ErrorCode
        : ErrorCode.None;

    private static QuorumReplicaDescription Describe(DescribeQuorumResponse.ReplicaState replica) =>
        new(replica.ReplicaId, replica.ReplicaDirectoryId, replica.LogEndOffset, replica.LastFetchTimestamp, replica.LastCaughtUpTimestamp);
}
