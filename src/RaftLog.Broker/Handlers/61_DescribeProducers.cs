using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Storage;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// DescribeProducers (61), version 0: the producers whose sequences a partition keeps, and their open transactions (KIP-664).
/// </summary>
internal sealed class DescribeProducersHandler(PartitionLookup lookup)
    : IRequestHandler<DescribeProducersRequest, DescribeProducersResponse>
{
    public ValueTask<DescribeProducersResponse?> HandleAsync(DescribeProducersRequest request, RequestContext context)
    {
        DescribeProducersResponse response = new();
        foreach (DescribeProducersRequest.TopicRequest topic in request.Topics)
        {
            response.Topics.Add(
                new() { Name = topic.Name, Partitions = [.. topic.PartitionIndexes.Select(index => Describe(topic.Name, index))] }
            );
        }

        return ValueTask.FromResult<DescribeProducersResponse?>(response);
    }

    private DescribeProducersResponse.PartitionResponse Describe(string topic, int index)
    {
        if (TopicNames.Rejection(topic) is { } rejection)
        {
            return new()
            {
                PartitionIndex = index,
                ErrorCode = ErrorCode.InvalidTopicException,
                ErrorMessage = rejection,
            };
        }

        (Partition? partition, ErrorCode error) = lookup.ByName(topic, index);
        DescribeProducersResponse.PartitionResponse described = new() { PartitionIndex = index, ErrorCode = error };
        if (partition is null)
        {
            described.ErrorMessage = $"This node holds no partition {topic}-{index}.";
        }
        else
        {
            described.ActiveProducers.AddRange(partition.Maintenance.ReadProducers(Describe));
        }

        return described;
    }

    private static DescribeProducersResponse.ProducerDescription Describe(ProducerState producer) =>
        new()
        {
            ProducerId = producer.Id,
            ProducerEpoch = producer.Epoch.Value,
            LastSequence = producer.LastSequence,
            LastTimestamp = producer.LastTimestamp,
            CoordinatorEpoch = producer.CoordinatorEpoch.Value,
            CurrentTxnStartOffset = producer.TransactionStart,
        };
}
