using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Raft;

namespace RaftLog.Broker.Quorum;

/// <summary>
/// Fetch (1) on a controller's listener, versions 13 to 18: replicas of the quorum read the metadata log, and say with it how far theirs is
/// on disk (KIP-595). The topic is named by its id, so a version below 13 is rejected.
/// </summary>
internal sealed class FetchMetadataLogHandler(QuorumNode quorum, string clusterId, int maxFetchBytes)
    : IRequestHandler<FetchRequest, FetchResponse>
{
    private const short FirstWithTopicIds = 13;
    private const short FirstWithReplicaState = 15;
    private const short FirstWithHighWatermark = 18;
    private static readonly Offset NotSent = new(long.MaxValue);

    public async ValueTask<FetchResponse?> HandleAsync(FetchRequest request, RequestContext context)
    {
        if (request.ClusterId is { } asked && asked != clusterId)
        {
            return new FetchResponse { ErrorCode = ErrorCode.InconsistentClusterId };
        }

        if (
            context.Version < FirstWithTopicIds
            || request.Topics is not [{ Partitions: [{ Partition: QuorumWire.Partition } wanted] } topic]
            || topic.TopicId != Uuid.ClusterMetadata
            || request.MaxWaitMs < 0
        )
        {
            return new FetchResponse { ErrorCode = ErrorCode.InvalidRequest };
        }

        NodeId replica = context.Version < FirstWithReplicaState ? request.ReplicaId : request.ReplicaState.ReplicaId;
        RaftFetchRequest fetch = new(
            new ReplicaKey(replica, wanted.ReplicaDirectoryId),
            wanted.CurrentLeaderEpoch,
            new LogPosition(wanted.LastFetchedEpoch, wanted.FetchOffset),
            context.Version < FirstWithHighWatermark || wanted.HighWatermark == NotSent ? Offset.None : wanted.HighWatermark
        );
        int maxBytes = Math.Min(maxFetchBytes, Math.Min(request.MaxBytes, wanted.PartitionMaxBytes));
        return await quorum.FetchAsync(fetch, maxBytes, request.MaxWaitMs) is { } fetched
            ? Respond(fetched)
            : new FetchResponse { ErrorCode = ErrorCode.BrokerNotAvailable };
    }

    private static FetchResponse Respond(FetchedMetadata fetched)
    {
        FetchDecision response = fetched.Response;
        FetchResponse.PartitionData partition = new()
        {
            PartitionIndex = QuorumWire.Partition,
            ErrorCode = response.Error,
            HighWatermark = response.HighWatermark,
            LogStartOffset = response.LogStart,
            CurrentLeader = new() { LeaderId = response.Leader.Leader, LeaderEpoch = response.Leader.Epoch },
            AbortedTransactions = [],
            Records = System.Runtime.InteropServices.MemoryMarshal.AsMemory(fetched.Records),
        };
        if (response.Kind == FetchDecisionKind.Diverging)
        {
            partition.DivergingEpoch = new() { Epoch = response.Diverging.Epoch, EndOffset = response.Diverging.EndOffset };
        }
        else if (response.Kind == FetchDecisionKind.Snapshot)
        {
            partition.SnapshotId = new() { EndOffset = response.Snapshot.EndOffset, Epoch = response.Snapshot.Epoch };
        }

        return new FetchResponse
        {
            Responses =
            [
                new()
                {
                    Topic = QuorumWire.Topic,
                    TopicId = Uuid.ClusterMetadata,
                    Partitions = [partition],
                },
            ],
        };
    }
}
