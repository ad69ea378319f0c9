using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Replication;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// OffsetForLeaderEpoch (23), versions 2 to 4: where an epoch ends in the leader's log, so that a client finds out what was truncated
/// (KIP-320).
/// </summary>
internal sealed class OffsetForLeaderEpochHandler(PartitionLookup lookup)
    : IRequestHandler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>
{
    public ValueTask<OffsetForLeaderEpochResponse?> HandleAsync(OffsetForLeaderEpochRequest request, RequestContext context)
    {
        OffsetForLeaderEpochResponse response = new();
        foreach (OffsetForLeaderEpochRequest.OffsetForLeaderTopic topic in request.Topics)
        {
            OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult topicResult = new() { Topic = topic.Topic };
            response.Topics.Add(topicResult);
            foreach (OffsetForLeaderEpochRequest.OffsetForLeaderPartition asked in topic.Partitions)
            {
                (Partition? partition, ErrorCode error) = lookup.ByName(topic.Topic, asked.Partition);
                EpochEnd end = EpochEnd.Unknown;
                if (partition is not null)
                {
                    (error, end) = partition.EndOfEpoch(asked.CurrentLeaderEpoch, asked.LeaderEpoch);
                }

                topicResult.Partitions.Add(
                    new()
                    {
                        Partition = asked.Partition,
                        ErrorCode = error,
                        LeaderEpoch = end.Epoch,
                        EndOffset = end.End,
                    }
                );
            }
        }

        return ValueTask.FromResult<OffsetForLeaderEpochResponse?>(response);
    }
}
