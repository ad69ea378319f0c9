using RaftLog.Broker.Cluster;
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
/// so the request's bytes are free by then and the connection reads on. With acks=0 there is no answer; a failure closes the connection.
/// </summary>
internal sealed class ProduceHandler(PartitionLookup lookup, MetadataCache cache, Waiters waiters)
    : IRequestHandler<ProduceRequest, ProduceResponse>
{
    private const short FirstWithZstd = 7;
    private const short FirstWithTopicIds = 13;
    private const string AdminClientId = "__admin_client";

    public async ValueTask<ProduceResponse?> HandleAsync(ProduceRequest request, RequestContext context)
    {
        List<Slot> slots = [];
        CommitWait wait = Append(request, context, slots);
        if (request.Acks != (short)RequiredAcks.None)
        {
            await wait.WaitAsync(TimeSpan.FromMilliseconds(Math.Max(0, request.TimeoutMs)));
            return Answer(slots, wait, context);
        }

        context.CloseConnection = slots.Exists(slot => slot.Outcome.Error != ErrorCode.None);
        return null;
    }

    private CommitWait Append(ProduceRequest request, RequestContext context, List<Slot> slots)
    {
        WakeList wakes = new();
        RequiredAcks acks = (RequiredAcks)request.Acks;
        foreach (ProduceRequest.TopicProduceData topic in request.TopicData)
        {
            foreach (ProduceRequest.PartitionProduceData data in topic.PartitionData)
            {
                (Partition? partition, ErrorCode error) = Find(request, topic, data.Index, context);
                Slot slot = new(topic.Name, topic.TopicId, data.Index, partition, StampOf(data.Records));
                ErrorCode behind = slot.Producer.Id.IsPresent ? Behind(slot, context) : ErrorCode.None;
                AppendOutcome outcome = partition is null || error != ErrorCode.None
                    ? Refused(error)
                    : Append(partition, data.Records, request, context.Version, behind, wakes);
                slot = slot with { Outcome = outcome.Error == ErrorCode.OutOfOrderSequenceNumber && behind != ErrorCode.None ? Refused(behind) : outcome };
                slots.Add(slot);
                NoteSequence(slot, slot.Outcome.Error, context);
            }
        }

        CommitWait wait = new(waiters, slots.Count);
        for (int i = 0; i < slots.Count; i++)
        {
            if (slots[i] is { Partition: { } partition, Outcome.Error: ErrorCode.None } slot)
            {
                partition.Watch(slot.Outcome, acks, wait, i);
            }
            else
            {
                wait.Decide(i, slots[i].Outcome.Error);
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

    private static AppendOutcome Append(Partition partition, Memory<byte>? records, ProduceRequest request, short version, ErrorCode behind, WakeList wakes)
    {
        if (records is not { Length: > 0 } bytes)
        {
            return Refused(ErrorCode.InvalidRecord, "The request has no record batch for this partition.");
        }

        if (RecordBatch.Read(bytes.Span, out RecordBatch batch) == BatchStatus.Complete)
        {
            if (batch.Attributes.Compression == CompressionType.Zstd && version < FirstWithZstd)
            {
                return Refused(ErrorCode.UnsupportedCompressionType, "zstd needs Produce version 7 or later.");
            }

            if (batch.Attributes.IsTransactional)
            {
                return request.TransactionalId is null
                    ? Refused(ErrorCode.TransactionalIdAuthorizationFailed, "A transactional batch needs a transactional id.")
                    : Refused(ErrorCode.InvalidProducerIdMapping, "Transactions are not built into this release of RaftLog.");
            }
        }

        return partition.Append(bytes, (RequiredAcks)request.Acks, wakes, behind);
    }

    private ProduceResponse Answer(List<Slot> slots, CommitWait wait, RequestContext context)
    {
        ProduceResponse response = new();
        ProduceResponse.TopicProduceResponse? topic = null;
        HashSet<NodeId> leaders = [];
        for (int i = 0; i < slots.Count; i++)
        {
            Slot slot = slots[i];
            if (topic is null || topic.Name != slot.Topic || topic.TopicId != slot.TopicId)
            {
                topic = new() { Name = slot.Topic, TopicId = slot.TopicId };
                response.Responses.Add(topic);
            }

            topic.PartitionResponses.Add(Answer(slot, wait[i], leaders));
            if (slot.Outcome.Error == ErrorCode.None && wait[i] != ErrorCode.None)
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

    private ProduceResponse.PartitionProduceResponse Answer(Slot slot, ErrorCode error, HashSet<NodeId> leaders)
    {
        AppendResult result = slot.Outcome.Result;
        ProduceResponse.PartitionProduceResponse answer = new()
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
                answer.RecordErrors.Add(new() { BatchIndex = recordError.Index, BatchIndexErrorMessage = recordError.Message });
            }
        }

        if (error == ErrorCode.NotLeaderOrFollower && lookup.Registration(slot.Topic, slot.TopicId, slot.Index) is { } registration)
        {
            answer.CurrentLeader = new() { LeaderId = registration.Leader, LeaderEpoch = registration.LeaderEpoch };
            leaders.Add(registration.Leader);
        }

        return answer;
    }

    private static AppendOutcome Refused(ErrorCode error, string? message = null) =>
        new(AppendResult.Refused(error, message!), LeaderEpoch.None);

    private static ProducerStamp StampOf(Memory<byte>? records) =>
        records is { } bytes && RecordBatch.Read(bytes.Span, out RecordBatch batch) == BatchStatus.Complete ? batch.Producer : ProducerStamp.None;

    private ErrorCode Behind(in Slot slot, RequestContext context) =>
        context.Connection.Rejected.Before(slot.Topic, slot.TopicId, slot.Index, slot.Producer, waiters.NowMs)?.Error ?? ErrorCode.None;

    /// <summary>Remembers what an idempotent producer was told to send again, and forgets it when it has come.</summary>
    private void NoteSequence(in Slot slot, ErrorCode error, RequestContext context)
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

    private readonly record struct Slot(string Topic, Uuid TopicId, int Index, Partition? Partition, ProducerStamp Producer)
    {
        public AppendOutcome Outcome { get; init; }
    }
}
