using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Raft;

namespace RaftLog.Broker.Quorum;

/// <summary>
/// DescribeQuorum (55), versions 0 to 2, on the quorum's leader: voters and observers with how far each has read (KIP-595, KIP-836).
/// </summary>
internal sealed class DescribeQuorumHandler(QuorumNode quorum, Func<MetadataImage> image, TimeProvider time, Func<long> nowMs)
    : IRequestHandler<DescribeQuorumRequest, DescribeQuorumResponse>
{
    public async ValueTask<DescribeQuorumResponse?> HandleAsync(DescribeQuorumRequest request, RequestContext context)
    {
        if (await quorum.DescribeAsync() is not { } quorumNow)
        {
            return new DescribeQuorumResponse { ErrorCode = ErrorCode.BrokerNotAvailable };
        }

        if (request.Topics is not [{ TopicName: QuorumWire.Topic, Partitions: [{ PartitionIndex: QuorumWire.Partition }] }])
        {
            return Reject(request);
        }

        DescribeQuorumResponse response = new() { Topics = [new() { TopicName = QuorumWire.Topic, Partitions = [Describe(quorumNow)] }] };
        foreach (ControllerRegistration controller in image().Controllers.Values)
        {
            DescribeQuorumResponse.Node node = new() { NodeId = controller.Id };
            response.Nodes.Add(node);
            foreach (Endpoint endpoint in controller.Endpoints)
            {
                node.Listeners.Add(
                    new()
                    {
                        Name = endpoint.Listener,
                        Host = endpoint.Host,
                        Port = endpoint.Port,
                    }
                );
            }
        }

        return response;
    }

    // As with Kafka, only the question for the one quorum, alone, is answered.
    private static DescribeQuorumResponse Reject(DescribeQuorumRequest request)
    {
        DescribeQuorumResponse response = new();
        foreach (DescribeQuorumRequest.TopicData topic in request.Topics)
        {
            DescribeQuorumResponse.TopicData rejected = new() { TopicName = topic.TopicName };
            response.Topics.Add(rejected);
            rejected.Partitions.AddRange(
                topic.Partitions.Select(partition => new DescribeQuorumResponse.PartitionData
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = ErrorCode.UnknownTopicOrPartition,
                    ErrorMessage = "Ask for partition 0 of __cluster_metadata alone: nothing else has a quorum.",
                })
            );
        }

        return response;
    }

    private DescribeQuorumResponse.PartitionData Describe(QuorumStatus now)
    {
        DescribeQuorumResponse.PartitionData partition = new()
        {
            PartitionIndex = QuorumWire.Partition,
            LeaderId = now.Leader.Leader,
            LeaderEpoch = now.Leader.Epoch,
            HighWatermark = now.HighWatermark,
        };
        if (now.Voters.Count == 0)
        {
            partition.ErrorCode = ErrorCode.NotLeaderOrFollower;
            partition.ErrorMessage = "This node does not lead the quorum.";
            return partition;
        }

        // A static voter set (kraft.version 0) names ids alone, so the directories that the leader has seen are not part of a voter's
        // identity.
        partition.CurrentVoters.AddRange(
            now.Voters.Select(voter => Describe(voter with { Replica = voter.Replica with { DirectoryId = Uuid.Zero } }))
        );
        partition.Observers.AddRange(now.Observers.Select(Describe));
        return partition;
    }

    private DescribeQuorumResponse.ReplicaState Describe(ReplicaDescription replica) =>
        new()
        {
            ReplicaId = replica.Replica.Id,
            ReplicaDirectoryId = replica.Replica.DirectoryId,
            LogEndOffset = replica.LogEnd,
            LastFetchTimestamp = ToWallClock(replica.LastFetchMs),
            LastCaughtUpTimestamp = ToWallClock(replica.LastCaughtUpMs),
        };

    private long ToWallClock(long monotonicMs) =>
        monotonicMs < 0 ? -1 : time.GetUtcNow().ToUnixTimeMilliseconds() - (nowMs() - monotonicMs);
}
