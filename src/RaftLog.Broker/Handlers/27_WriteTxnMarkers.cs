using RaftLog.Broker.Coordination;
using RaftLog.Broker.Coordination.Transactions;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// WriteTxnMarkers (27), versions 1 and 2: a coordinator, or an operator's tool, has transactions ended in partitions that this node leads
/// (KIP-98).
/// </summary>
internal sealed class WriteTxnMarkersHandler(LocalMarkers markers) : IRequestHandler<WriteTxnMarkersRequest, WriteTxnMarkersResponse>
{
    public async ValueTask<WriteTxnMarkersResponse?> HandleAsync(WriteTxnMarkersRequest request, RequestContext context)
    {
        // All are appended before the first is awaited, so that they share a flush.
        List<(WriteTxnMarkersRequest.WritableTxnMarker Asked, Task<ErrorCode[]> Written)> underWay = [];
        foreach (WriteTxnMarkersRequest.WritableTxnMarker asked in request.Markers)
        {
            TransactionMarker marker = new(
                asked.ProducerId,
                asked.ProducerEpoch,
                asked.TransactionResult,
                new LeaderEpoch(asked.CoordinatorEpoch),
                asked.TransactionVersion
            );
            List<TopicPartition> partitions =
            [
                .. asked.Topics.SelectMany(topic => topic.PartitionIndexes.Select(index => new TopicPartition(topic.Name, index))),
            ];
            if (partitions.Count > 0)
            {
                underWay.Add((asked, markers.WriteAsync(marker, partitions)));
            }
        }

        WriteTxnMarkersResponse response = new();
        foreach ((WriteTxnMarkersRequest.WritableTxnMarker asked, Task<ErrorCode[]> written) in underWay)
        {
            ErrorCode[] outcomes = await written;
            int next = 0;
            WriteTxnMarkersResponse.WritableTxnMarkerResult result = new() { ProducerId = asked.ProducerId };
            foreach (WriteTxnMarkersRequest.WritableTxnMarkerTopic topic in asked.Topics)
            {
                WriteTxnMarkersResponse.WritableTxnMarkerTopicResult topicResult = new() { Name = topic.Name };
                foreach (int index in topic.PartitionIndexes)
                {
                    topicResult.Partitions.Add(new() { PartitionIndex = index, ErrorCode = outcomes[next] });
                    next++;
                }

                result.Topics.Add(topicResult);
            }

            response.Markers.Add(result);
        }

        return response;
    }
}
