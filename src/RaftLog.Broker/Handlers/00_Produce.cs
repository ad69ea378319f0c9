using System.Runtime.CompilerServices;
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
/// Produce (0), versions 3 to 13: appends one batch to each partition, then waits for what <c>acks</c> asks for. All appends happen before
/// the first wait, so the request's bytes are free by then and the connection reads on; only the first batches of a transaction wait for
/// its coordinator. With acks=0 there is no response; a failure closes the connection.
/// </summary>
internal sealed class ProduceHandler(PartitionLookup lookup, MetadataCache cache, TransactionalProduce transactions, Waiters waiters)
    : IRequestHandler<ProduceRequest, ProduceResponse>
{
    private const short FirstWithZstd = 7;
    private const short FirstWithTopicIds = 13;
    private const string AdminClientId = "__admin_client";

    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder<>))]
    public async ValueTask<ProduceResponse?> HandleAsync(ProduceRequest request, RequestContext context)
    {
        ProduceExchange exchange = context.Kept<ProduceExchange>();
        Find(request, context, exchange.Begin());
        context.IsReusable &= exchange.Slots.Count <= ProduceExchange.MaxKeptSlots;
        CommitWait wait = exchange.Wait(waiters);
        if (transactions.Begin(request, context, exchange.Slots) is { } turn)
        {
            await VerifyAndAppendAsync(turn, request, context, exchange, wait);
        }
        else
        {
            Append(request, context, exchange, wait);
        }

        if (request.Acks != (short)RequiredAcks.None)
        {
            await wait.WaitAsync(TimeSpan.FromMilliseconds(Math.Max(0, request.TimeoutMs)));
            return Respond(exchange, wait, context);
        }

        context.CloseConnection = exchange.HasFailed;
        return null;
    }

    private async ValueTask VerifyAndAppendAsync(
        ProducerTurn turn,
        ProduceRequest request,
        RequestContext context,
        ProduceExchange exchange,
        CommitWait wait
    )
    {
        using RequestLease bytes = context.LeaseBytes();
        using ProducerTurn ours = turn;
        try
        {
            await transactions.VerifyAsync(turn, request, context, exchange.Slots);
            Append(request, context, exchange, wait);
        }
        finally
        {
            TransactionalProduce.End(exchange.Slots);
        }
    }

    private void Find(ProduceRequest request, RequestContext context, ProduceExchange exchange)
    {
        foreach (ProduceRequest.TopicProduceData topic in request.TopicData)
        {
            foreach (ProduceRequest.PartitionProduceData data in topic.PartitionData)
            {
                (Partition? partition, ErrorCode error) = Find(request, topic, data.Index, context);
                ProduceSlot slot = exchange.AddSlot();
                slot.Begin(topic.Name, topic.TopicId, data.Index, partition, data.Records ?? default);
                if (error != ErrorCode.None)
                {
                    slot.Reject(error);
                }
                else if (slot.Records.IsEmpty)
                {
                    slot.Reject(ErrorCode.InvalidRecord, "The request has no record batch for this partition.");
                }
                else if (slot.Compression == CompressionType.Zstd && context.Version < FirstWithZstd)
                {
                    slot.Reject(ErrorCode.UnsupportedCompressionType, "zstd needs Produce version 7 or later.");
                }
            }
        }
    }

    private void Append(ProduceRequest request, RequestContext context, ProduceExchange exchange, CommitWait wait)
    {
        RequiredAcks acks = (RequiredAcks)request.Acks;
        for (int i = 0; i < exchange.Slots.Count; i++)
        {
            ProduceSlot slot = exchange.Slots[i];
            ErrorCode behind = slot.Producer.Id.IsPresent ? Behind(slot, context) : ErrorCode.None;
            if (slot.IsOpen)
            {
                slot.Append(i, acks, wait, exchange.Wakes, behind);
            }

            if (slot.Error == ErrorCode.OutOfOrderSequenceNumber && behind != ErrorCode.None)
            {
                slot.Reject(behind);
            }

            if (slot.Error != ErrorCode.None)
            {
                wait.Decide(i, slot.Error);
            }

            NoteSequence(slot, slot.Error, context);
        }

        exchange.Wakes.WakeAll();
    }

    private (Partition? Partition, ErrorCode Error) Find(
        ProduceRequest request,
        ProduceRequest.TopicProduceData topic,
        int index,
        RequestContext context
    )
    {
        if (request.Acks is < (short)RequiredAcks.All or > (short)RequiredAcks.Leader)
        {
            return (null, ErrorCode.InvalidRequiredAcks);
        }

        (Partition? partition, ErrorCode error) =
            context.Version >= FirstWithTopicIds ? lookup.ById(topic.TopicId, index) : lookup.ByName(topic.Name, index);
        return partition is not null && InternalTopics.Contains(partition.Name.Topic) && context.ClientId != AdminClientId
            ? (null, ErrorCode.InvalidTopicException)
            : (partition, error);
    }

    private ProduceResponse Respond(ProduceExchange exchange, CommitWait wait, RequestContext context)
    {
        ProduceResponse response = exchange.Response;
        ProduceResponse.TopicProduceResponse? topic = null;
        HashSet<NodeId>? leaders = null;
        for (int i = 0; i < exchange.Slots.Count; i++)
        {
            ProduceSlot slot = exchange.Slots[i];
            if (topic is null || topic.Name != slot.Topic || topic.TopicId != slot.TopicId)
            {
                topic = exchange.AddTopic(slot.Topic, slot.TopicId);
            }

            // Read once: a slot that has timed out may still be decided.
            ErrorCode error = wait[i];
            topic.PartitionResponses.Add(error == ErrorCode.None ? exchange.Accepted(slot) : Rejected(slot, error, ref leaders));
            if (slot.Error == ErrorCode.None && error != ErrorCode.None)
            {
                NoteSequence(slot, error, context);
            }
        }

        foreach (NodeId leader in leaders ?? [])
        {
            if (
                cache.Image.Brokers.TryGetValue(leader, out BrokerRegistration? broker)
                && broker.TryGetEndpoint(context.Connection.ListenerName, out Endpoint endpoint)
            )
            {
                response.NodeEndpoints.Add(
                    new()
                    {
                        NodeId = leader,
                        Host = endpoint.Host,
                        Port = endpoint.Port,
                        Rack = broker.Rack,
                    }
                );
            }
        }

        return response;
    }

    private ProduceResponse.PartitionProduceResponse Rejected(ProduceSlot slot, ErrorCode error, ref HashSet<NodeId>? leaders)
    {
        AppendResult result = slot.Outcome!.Value.Result;
        ProduceResponse.PartitionProduceResponse response = new()
        {
            Index = slot.Index,
            ErrorCode = error,
            BaseOffset = Offset.None,
            LogAppendTimeMs = -1,
            LogStartOffset = Offset.None,
            ErrorMessage = result.Message is { } message ? ErrorText.InShort(message) : null,
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
            (leaders ??= []).Add(registration.Leader);
        }

        return response;
    }

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
