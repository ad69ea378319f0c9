using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Storage;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// All that one Produce request needs while it is under way. The request's context keeps it for the requests after it, so a producer that
/// sends requests of one form costs no new memory.
/// </summary>
internal sealed class ProduceExchange
{
    /// <summary>
    /// The most partitions of a request after which the exchange is kept; what one unusual request needed is not held for ever.
    /// </summary>
    public const int MaxKeptSlots = 256;

    private readonly Spares<ProduceSlot> _spareSlots = new();
    private readonly Spares<ProduceResponse.TopicProduceResponse> _spareTopics = new();
    private readonly Spares<ProduceResponse.PartitionProduceResponse> _sparePartitions = new();
    private CommitWait? _wait;

    /// <summary>The partitions of the request, in its order.</summary>
    public List<ProduceSlot> Slots { get; } = [];

    /// <summary>Whom the appends wake.</summary>
    public WakeList Wakes { get; } = new();

    /// <summary>The response, which begins empty.</summary>
    public ProduceResponse Response { get; private set; } = new();

    /// <summary>True when something was not appended.</summary>
    public bool HasFailed
    {
        get
        {
            foreach (ProduceSlot slot in Slots)
            {
                if (slot.Error != ErrorCode.None)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Forgets the last request.</summary>
    public ProduceExchange Begin()
    {
        _spareSlots.TakeBack();
        _spareTopics.TakeBack();
        _sparePartitions.TakeBack();
        Slots.Clear();
        Response.Responses.Clear();
        Response.ThrottleTimeMs = 0;
        if (Response.NodeEndpoints.Count > 0)
        {
            Response = new();
        }

        return this;
    }

    /// <summary>A slot for the next partition of the request.</summary>
    public ProduceSlot AddSlot()
    {
        ProduceSlot slot = _spareSlots.Take();
        Slots.Add(slot);
        return slot;
    }

    /// <summary>What waits for all slots.</summary>
    public CommitWait Wait(Waiters waiters)
    {
        if (_wait?.TryBeginAgain(Slots.Count) != true)
        {
            _wait = new CommitWait(waiters, Slots.Count);
        }

        return _wait!;
    }

    /// <summary>The next topic of the response.</summary>
    public ProduceResponse.TopicProduceResponse AddTopic(string name, Uuid id)
    {
        ProduceResponse.TopicProduceResponse topic = _spareTopics.Take();
        topic.Name = name;
        topic.TopicId = id;
        topic.PartitionResponses.Clear();
        Response.Responses.Add(topic);
        return topic;
    }

    /// <summary>The response for a partition whose records are in the log. What says more than that is no spare.</summary>
    public ProduceResponse.PartitionProduceResponse Accepted(ProduceSlot slot)
    {
        AppendResult result = slot.Outcome!.Value.Result;
        ProduceResponse.PartitionProduceResponse response = _sparePartitions.Take();
        response.Index = slot.Index;
        response.BaseOffset = result.BaseOffset;
        response.LogAppendTimeMs = result.AppendTimeMs;
        response.LogStartOffset = result.LogStartOffset;
        return response;
    }
}
