using RaftLog.Checking;
using RaftLog.Jepsen.Recording;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;
using RaftLog.Simulation;

namespace RaftLog.Jepsen.Workloads;

/// <summary>
/// One producer of W5. Up to five batches are under way; a batch without a clear response is sent again, to whoever leads then, until there
/// is one. Where it gives up, its numbers are never used again: the next id begins.
/// </summary>
internal sealed class SequenceLoop(RunContext context, Func<RawClient> openRaw, IReadOnlyList<TopicPartition> partitions, SimRandom random)
{
    private const int MaxInFlight = 5;
    private const short ByName = 12;
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(30);

    private readonly Recorder _recorder = context.Recorder;
    private readonly SortedDictionary<TopicPartition, int> _sequences = [];
    private readonly SortedDictionary<TopicPartition, (NumberedBatch Batch, Offset Offset)> _last = [];
    private readonly SortedDictionary<TopicPartition, NodeId> _leaders = [];
    private ProducerStamp _stamp = ProducerStamp.None;
    private int _process;

    public async Task RunAsync(CancellationToken stop)
    {
        using RawClient client = openRaw();
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(random.Exponential(Interval), TimeProvider.System);
            if (!_stamp.Id.IsPresent && !await BeginAsync(client))
            {
                continue;
            }

            TopicPartition partition = partitions[random.Next(partitions.Count)];
            int choice = random.Next(100);
            if (choice < 12 && _last.TryGetValue(partition, out (NumberedBatch Batch, Offset Offset) last))
            {
                await RepeatAsync(client, last.Batch, last.Offset);
            }
            else if (choice < 20 && _last.ContainsKey(partition))
            {
                await LeaveGapAsync(client, partition);
            }
            else if (choice < 22)
            {
                _stamp = ProducerStamp.None;
            }
            else
            {
                await SendAsync(client, partition, 1 + random.Next(MaxInFlight), isReordered: choice < 35);
            }
        }
    }

    private async Task<bool> BeginAsync(RawClient client)
    {
        NodeId node = client.Nodes[random.Next(client.Nodes.Count)];
        InitProducerIdRequest request = new() { TransactionalId = null, TransactionTimeoutMs = int.MaxValue };
        RpcResult<InitProducerIdResponse> result = await client.CallAsync(node, request, CallLimit);
        if (!result.TryGet(out InitProducerIdResponse? response) || response.ErrorCode != ErrorCode.None)
        {
            await Task.Delay(Pause, TimeProvider.System);
            return false;
        }

        _stamp = new ProducerStamp(response.ProducerId, response.ProducerEpoch, ProducerStamp.NoSequence);
        _process = _recorder.NewProcess();
        _sequences.Clear();
        _last.Clear();
        return true;
    }

    private async Task SendAsync(RawClient client, TopicPartition partition, int count, bool isReordered)
    {
        List<NumberedBatch> batches = [];
        for (int i = 0; i < count; i++)
        {
            batches.Add(NewBatch(partition, _sequences.GetValueOrDefault(partition), SendFlavour.Safe));
            _sequences[partition] = _sequences.GetValueOrDefault(partition) + 1;
        }

        NodeId leader = await LeaderAsync(client, partition, isStale: false);
        Task<(SendOutcome Outcome, Offset Offset)>[] responses = new Task<(SendOutcome, Offset)>[count];

        // The connection is open once somebody has used it: from then on calls leave in their order.
        await client.CallAsync(
            leader,
            new ApiVersionsRequest { ClientSoftwareName = "raftlog-jepsen", ClientSoftwareVersion = "0" },
            CallLimit
        );
        foreach (int i in Enumerable.Range(0, count).OrderBy(each => isReordered ? -each : each))
        {
            responses[i] = OnceAsync(client, leader, batches[i]);
        }

        await Task.WhenAll(responses);
        for (int i = 0; i < count; i++)
        {
            (SendOutcome outcome, Offset offset) = await responses[i];
            if (outcome != SendOutcome.Acknowledged)
            {
                (outcome, offset) = await InsistAsync(client, batches[i]);
            }

            if (outcome != SendOutcome.Acknowledged)
            {
                batches.Skip(i).ToList().ForEach(each => Complete(each, EventType.Info, Offset.None, "given up"));
                _stamp = ProducerStamp.None;
                return;
            }

            Complete(batches[i], EventType.Ok, offset, null);
            _last[partition] = (batches[i], offset);
        }
    }

    private async Task<(SendOutcome Outcome, Offset Offset)> InsistAsync(RawClient client, NumberedBatch batch)
    {
        long begun = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(begun) < GiveUpAfter)
        {
            NodeId leader = await LeaderAsync(client, batch.Partition, isStale: true);
            (SendOutcome Outcome, Offset Offset) reply = await OnceAsync(client, leader, batch);
            if (reply.Outcome == SendOutcome.Acknowledged)
            {
                return reply;
            }

            await Task.Delay(Pause, TimeProvider.System);
        }

        return (SendOutcome.Unknown, Offset.None);
    }

    private async Task RepeatAsync(RawClient client, NumberedBatch batch, Offset offset)
    {
        NodeId leader = await LeaderAsync(client, batch.Partition, isStale: false);
        (SendOutcome outcome, Offset again) = await OnceAsync(client, leader, batch);
        if (outcome == SendOutcome.Acknowledged && again != Offset.None && again != offset)
        {
            _recorder.Add(
                _process,
                _recorder.NewOperation(),
                EventType.Info,
                HistoryFunction.Corrupt,
                entry =>
                    entry with
                    {
                        Note = $"{batch.Value} was acknowledged at {batch.Partition} offset {offset}, and its repetition at {again}",
                    }
            );
        }
    }

    private async Task LeaveGapAsync(RawClient client, TopicPartition partition)
    {
        NumberedBatch batch = NewBatch(partition, _sequences[partition] + 1 + random.Next(3), SendFlavour.Gap);
        NodeId leader = await LeaderAsync(client, partition, isStale: false);
        (SendOutcome outcome, Offset offset) = await OnceAsync(client, leader, batch);
        Complete(
            batch,
            outcome switch
            {
                SendOutcome.Acknowledged => EventType.Ok,
                SendOutcome.Rejected => EventType.Fail,
                _ => EventType.Info,
            },
            offset,
            null
        );
        if (outcome == SendOutcome.Unknown)
        {
            // It may still be on its way, and would fit once the gap is filled: never fill it.
            _stamp = ProducerStamp.None;
        }
    }

    private NumberedBatch NewBatch(TopicPartition partition, int sequence, SendFlavour flavour)
    {
        NumberedBatch batch = NumberedBatch.Create(
            partition,
            context.NewValue(),
            _recorder.NewOperation(),
            _stamp with
            {
                BaseSequence = sequence,
            }
        );
        _recorder.Add(
            _process,
            batch.Operation,
            EventType.Invoke,
            HistoryFunction.Send,
            entry => entry with { Partition = partition, Value = batch.Value, Flavour = flavour }
        );
        return batch;
    }

    private void Complete(NumberedBatch batch, EventType type, Offset offset, string? note) =>
        _recorder.Add(_process, batch.Operation, type, HistoryFunction.Send, entry => entry with { Offset = offset, Note = note });

    private async Task<(SendOutcome Outcome, Offset Offset)> OnceAsync(RawClient client, NodeId leader, NumberedBatch batch)
    {
        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = (int)CallLimit.TotalMilliseconds,
            TopicData =
            [
                new()
                {
                    Name = batch.Partition.Topic,
                    PartitionData = [new() { Index = batch.Partition.Partition, Records = batch.Bytes }],
                },
            ],
        };
        RpcResult<ProduceResponse> result = await client.CallAsync(leader, request, CallLimit, ByName);
        if (!result.TryGet(out ProduceResponse? response) || response.Responses is not [{ PartitionResponses: [{ } reply] }])
        {
            return (result.Outcome is RpcOutcome.Unsupported or RpcOutcome.Busy ? SendOutcome.Rejected : SendOutcome.Unknown, Offset.None);
        }

        return (ResultClass.OfProduce(reply.ErrorCode), reply.BaseOffset);
    }

    private async Task<NodeId> LeaderAsync(RawClient client, TopicPartition partition, bool isStale)
    {
        if (!isStale && _leaders.TryGetValue(partition, out NodeId known))
        {
            return known;
        }

        NodeId node = client.Nodes[random.Next(client.Nodes.Count)];
        MetadataRequest request = new() { Topics = [new() { Name = partition.Topic }], AllowAutoTopicCreation = false };
        RpcResult<MetadataResponse> result = await client.CallAsync(node, request, CallLimit);
        if (result.TryGet(out MetadataResponse? response) && response.Topics is [{ } topic])
        {
            foreach (MetadataResponse.PartitionData told in topic.Partitions.Where(each => each.LeaderId.IsNode))
            {
                _leaders[new TopicPartition(partition.Topic, told.PartitionIndex)] = told.LeaderId;
            }
        }

        return _leaders.GetValueOrDefault(partition, node);
    }
}
