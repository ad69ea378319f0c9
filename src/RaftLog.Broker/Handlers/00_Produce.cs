using RaftLog.Broker.Cluster;
using RaftLog.Broker.Coordination.Transactions;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// Produce (0), versions 3 to 13: appends one batch to each partition, then waits for what <c>acks</c> asks for. All appends happen before the first wait,
/// so the request's bytes are free by then and the connection reads on; only the first batches of a transaction wait for its coordinator. With acks=0 there is
/// no response; a failure closes the connection.
/// </summary>
internal sealed class ProduceHandler(PartitionLookup lookup, MetadataCache cache, TransactionalProduce transactions, Waiters waiters)
    : IRequestHandler<ProduceRequest, ProduceResponse>
{
    private const short FirstWithZstd = 7;
    private const short FirstWithTopicIds = 13;
    private const string AdminClientId = "__admin_client";

    public async ValueTask<ProduceResponse?> HandleAsync(ProduceRequest request, RequestContext context)
    {
        List<ProduceSlot> slots = Find(request, context);
        CommitWait wait = transactions.Begin(request, context, slots) is { } turn
            ? await VerifyAndAppendAsync(turn, request, context, slots)
            : Append(request, context, slots);
        if (request.Acks != (short)RequiredAcks.None)
        {
            await wait.WaitAsync(TimeSpan.FromMilliseconds(Math.Max(0, request.TimeoutMs)));
            return Respond(slots, wait, context);
        }

        context.CloseConnection = slots.Exists(slot => slot.Error != ErrorCode.None);
        return null;
    }

    private async ValueTask<CommitWait> VerifyAndAppendAsync(
        ProducerTurn turn, ProduceRequest request, RequestContext context, List<ProduceSlot> slots)
    {
        using RequestLease bytes = context.LeaseBytes();
        using ProducerTurn ours = turn;
        try
        {
            await transactions.VerifyAsync(turn, request, context, slots);
            return Append(request, context, slots);
        }
        finally
        {
            TransactionalProduce.End(slots);
        }
    }

    private List<ProduceSlot> Find(ProduceRequest request, RequestContext context)
    {
        List<ProduceSlot> slots = [];
        foreach (ProduceRequest.TopicProduceData topic in request.TopicData)
        {
            foreach (ProduceRequest.PartitionProduceData data in topic.PartitionData)
            {
                (Partition? partition, ErrorCode error) = Find(request, topic, data.Index, context);
                slots.Add(partition is null || error != ErrorCode.None
                    ? new ProduceSlot(topic.Name, topic.TopicId, data.Index) { Partition = partition, Producer = StampOf(data.Records) }.Reject(error)
                    : Slot(partition, topic, data, context.Version));
            }
        }

        return slots;
    }

    private static ProduceSlot Slot(
        Partition partition, ProduceRequest.TopicProduceData topic, ProduceRequest.PartitionProduceData data, short version)
    {
        Memory<byte> records = data.Records ?? default;
        bool isBatch = RecordBatch.Read(records.Span, out RecordBatch batch) == BatchStatus.Complete;
        ProduceSlot slot = new(topic.Name, topic.TopicId, data.Index)
        {
            Partition = partition,
            Records = records,
            Producer = isBatch ? batch.Producer : ProducerStamp.None,
            IsTransactional = isBatch && batch.Attributes.IsTransactional && batch.ProducerId.IsPresent,
        };
        return records.IsEmpty ? slot.Reject(ErrorCode.InvalidRecord, "The request has no record batch for this partition.")
            : isBatch && batch.Attributes.Compression == CompressionType.Zstd && version < FirstWithZstd
                ? slot.Reject(ErrorCode.UnsupportedCompressionType, "zstd needs Produce version 7 or later.")
            : slot;
    }

    private CommitWait Append(ProduceRequest request, RequestContext context, List<ProduceSlot> slots)
    {
        WakeList wakes = new();
        RequiredAcks acks = (RequiredAcks)request.Acks;
        foreach (ProduceSlot slot in slots)
        {
            ErrorCode behind = slot.Producer.Id.IsPresent ? Behind(slot, context) : ErrorCode.None;
            if (slot.IsOpen)
            {
                slot.Append(acks, wakes, behind);
            }

            if (slot.Error == ErrorCode.OutOfOrderSequenceNumber && behind != ErrorCode.None)
            {
                slot.Reject(behind);
            }

            NoteSequence(slot, slot.Error, context);
        }

        CommitWait wait = new(waiters, slots.Count);
        for (int i = 0; i < slots.Count; i++)
        {
            if (slots[i] is { Partition: { } partition, Outcome: { Error: ErrorCode.None } outcome })
            {
                partition.Watch(outcome, acks, wait, i);
            }
            else
            {
                wait.Decide(i, slots[i].Error);
            }
        }

        wakes.WakeAll();
        return wait;
    }

    private (Partition? Partition, ErrorCode Error) Find(
        ProduceRequest request, ProduceRequest.TopicProduceData topic, int index, RequestContext context)
    {
        if (request.Acks is < (short)RequiredAcks.All or > (short)RequiredAcks.Leader)
        {
            return (null, ErrorCode.InvalidRequiredAcks);
        }

        (Partition? partition, ErrorCode error) = context.Version >= FirstWithTopicIds
            ? lookup.ById(topic.TopicId, index)
            : lookup.ByName(topic.Name, index);
        return partition is not null && InternalTopics.Contains(partition.Name.Topic) && context.ClientId != AdminClientId
            ? (null, ErrorCode.InvalidTopicException)
            : (partition, error);
    }

    private ProduceResponse Respond(List<ProduceSlot> slots, CommitWait wait, RequestContext context)
    {
        ProduceResponse response = new();
        ProduceResponse.TopicProduceResponse? topic = null;
        HashSet<NodeId> leaders = [];
        for (int i = 0; i < slots.Count; i++)
        {
            ProduceSlot slot = slots[i];
            if (topic is null || topic.Name != slot.Topic || topic.TopicId != slot.TopicId)
            {
                topic = new() { Name = slot.Topic, TopicId = slot.TopicId };
                response.Responses.Add(topic);
            }

            topic.PartitionResponses.Add(Respond(slot, wait[i], leaders));
            if (slot.Error == ErrorCode.None && wait[i] != ErrorCode.None)
            {
                NoteSequence(slot, wait[i], context);
            }
        }

        foreach (NodeId leader in leaders)
        {
            if (cache.Image.Brokers.TryGetValue(leader, out BrokerRegistration? broker)
                && broker.TryGetEndpoint(context.Connection.ListenerName, out Endpoint endpoint))
            {
                response.NodeEndpoints.Add(new() { NodeId = leader, Host = endpoint.Host, Port = endpoint.Port, Rack = broker.Rack });
            }
        }

        return response;
    }

    private ProduceResponse.PartitionProduceResponse Respond(ProduceSlot slot, ErrorCode error, HashSet<NodeId> leaders)
    {
        AppendResult result = slot.Outcome!.Value.Result;
        ProduceResponse.PartitionProduceResponse response = new()
        {
            Index = slot.Index,
            ErrorCode = error,
            BaseOffset = error == ErrorCode.None ? result.BaseOffset : Offset.None,
            LogAppendTimeMs = error == ErrorCode.None ? result.AppendTimeMs : -1,
            LogStartOffset = error == ErrorCode.None ? result.LogStartOffset : Offset.None,
            ErrorMessage = result.Message,
        };
        if (result.RecordErrors is { } recordErrors)
        {
            foreach (RecordError recordError in recordErrors)
            {
                response.RecordErrors.Add(new() { BatchIndex = recordError.Index, BatchIndexErrorMessage = recordError.Message });
            }
        }

        if (error == ErrorCode.NotLeaderOrFollower && lookup.Registration(slot.Topic, slot.TopicId, slot.Index) is { } registration)
        {
            response.CurrentLeader = new() { LeaderId = registration.Leader, LeaderEpoch = registration.LeaderEpoch };
            leaders.Add(registration.Leader);
        }

        return response;
    }

    private static ProducerStamp StampOf(Memory<byte>? records) =>
        records is { } bytes && RecordBatch.Read(bytes.Span, out RecordBatch batch) == BatchStatus.Complete ? batch.Producer : ProducerStamp.None;

    private ErrorCode Behind(ProduceSlot slot, RequestContext context) =>
        context.Connection.Rejected.Before(slot.Topic, slot.TopicId, slot.Index, slot.Producer, waiters.NowMs)?.Error ?? ErrorCode.None;

    /// <summary>Remembers what an idempotent producer was told to send again, and forgets it when it has come.</summary>
    private void NoteSequence(ProduceSlot slot, ErrorCode error, RequestContext context)
    {
        if (!slot.Producer.Id.IsPresent)
        {
            return;
        }

        if (error == ErrorCode.None)
        {
            context.Connection.Rejected.Accepted(slot.Topic, slot.TopicId, slot.Index, slot.Producer);
        }
        else if (error.IsRetriable())
        {
            context.Connection.Rejected.Note(slot.Topic, slot.TopicId, slot.Index, slot.Producer, error, waiters.NowMs);
        }
    }
}
