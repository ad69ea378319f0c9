using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>Requests to the leaders of partitions, once each.</summary>
internal sealed class PartitionCalls(ProgramWorld world)
{
    private const short ByName = 12;

    // Several of the largest records that producers of a run send: a pipeline that gets one record a transaction falls behind.
    private const int MaxFetchBytes = 128 << 10;
    private const int MaxFetchWaitMs = 100;

    private readonly SortedDictionary<TopicPartition, NodeId> _leaders = [];

    /// <summary>Appends one batch.</summary>
    /// <param name="partition">Where to.</param>
    /// <param name="transactionalId">The producer's name.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="version">The highest version to speak, 12 at most.</param>
    internal async Task<CallResult<ProduceResponse.PartitionProduceResponse>> ProduceAsync(
        TopicPartition partition,
        string transactionalId,
        byte[] batch,
        short version
    )
    {
        ProduceRequest request = new()
        {
            TransactionalId = transactionalId,
            Acks = -1,
            TimeoutMs = (int)CoordinatorRequests.Limit.TotalMilliseconds,
            TopicData = [new() { Name = partition.Topic, PartitionData = [new() { Index = partition.Partition, Records = batch }] }],
        };
        RpcResult<ProduceResponse> result = await world.Client.CallAsync(
            await LeaderAsync(partition),
            request,
            CoordinatorRequests.Limit,
            version
        );
        if (!result.TryGet(out ProduceResponse? response) || response.Responses is not [{ PartitionResponses: [{ } told] }])
        {
            _leaders.Remove(partition);
            return new(null, ErrorCode.NetworkException, result.Outcome is not (RpcOutcome.Unsupported or RpcOutcome.Busy));
        }

        ForgetAfter(partition, told.ErrorCode);
        return new(told, told.ErrorCode, WasSent: true);
    }

    /// <summary>
    /// Reads what comes next in a partition without transactions, with the offset of each record; empty without a response as well.
    /// </summary>
    internal async Task<IReadOnlyList<Offset>> ReadAsync(TopicPartition partition, Offset from, int most)
    {
        FetchRequest request = new()
        {
            MaxWaitMs = MaxFetchWaitMs,
            MinBytes = 1,
            MaxBytes = MaxFetchBytes,
            Topics =
            [
                new()
                {
                    Topic = partition.Topic,
                    Partitions =
                    [
                        new()
                        {
                            Partition = partition.Partition,
                            FetchOffset = from,
                            PartitionMaxBytes = MaxFetchBytes,
                        },
                    ],
                },
            ],
        };
        RpcResult<FetchResponse> result = await world.Client.CallAsync(
            await LeaderAsync(partition),
            request,
            CoordinatorRequests.Limit,
            ByName
        );
        if (!result.TryGet(out FetchResponse? response) || response.Responses is not [{ Partitions: [{ } told] }])
        {
            _leaders.Remove(partition);
            return [];
        }

        ForgetAfter(partition, told.ErrorCode);
        List<Offset> found = [];
        foreach (RecordBatch batch in new RecordBatches((told.Records ?? default).Span))
        {
            for (Offset at = batch.BaseOffset; at <= batch.LastOffset && found.Count < most && !batch.Attributes.IsControl; at += 1)
            {
                if (at >= from)
                {
                    found.Add(at);
                }
            }
        }

        return found;
    }

    private void ForgetAfter(TopicPartition partition, ErrorCode error)
    {
        if (error.NeedsMetadataRefresh())
        {
            _leaders.Remove(partition);
        }
    }

    private async Task<NodeId> LeaderAsync(TopicPartition partition)
    {
        if (_leaders.TryGetValue(partition, out NodeId known))
        {
            return known;
        }

        NodeId asked = world.AnyNode();
        MetadataRequest request = new() { Topics = [new() { Name = partition.Topic }], AllowAutoTopicCreation = false };
        RpcResult<MetadataResponse> result = await world.Client.CallAsync(asked, request, CoordinatorRequests.Limit);
        if (result.TryGet(out MetadataResponse? response) && response.Topics is [{ } topic])
        {
            foreach (MetadataResponse.PartitionData told in topic.Partitions.Where(each => world.Client.Nodes.Contains(each.LeaderId)))
            {
                _leaders[new TopicPartition(partition.Topic, told.PartitionIndex)] = told.LeaderId;
            }
        }

        return _leaders.GetValueOrDefault(partition, asked);
    }
}
