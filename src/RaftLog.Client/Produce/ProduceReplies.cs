using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Produce;

/// <summary>The parts of a response to Produce, by partition. Versions from 13 on name topics by id.</summary>
internal readonly struct ProduceReplies
{
    /// <summary>Up to here it costs less to look through the parts than to sort them.</summary>
    private const int FewParts = 4;

    private readonly ProduceResponse _response;
    private readonly Dictionary<TopicPartition, ProduceResponse.PartitionProduceResponse>? _byName;
    private readonly Dictionary<(Uuid Topic, int Partition), ProduceResponse.PartitionProduceResponse>? _byId;

    /// <summary>Goes through the response once.</summary>
    public ProduceReplies(ProduceResponse response)
    {
        _response = response;
        if (response.Responses.Sum(static topic => topic.PartitionResponses.Count) <= FewParts)
        {
            return;
        }

        _byName = [];
        _byId = [];
        foreach (ProduceResponse.TopicProduceResponse topic in response.Responses)
        {
            foreach (ProduceResponse.PartitionProduceResponse reply in topic.PartitionResponses)
            {
                if (topic.TopicId == Uuid.Zero)
                {
                    _byName.TryAdd(new TopicPartition(topic.Name, reply.Index), reply);
                }
                else
                {
                    _byId.TryAdd((topic.TopicId, reply.Index), reply);
                }
            }
        }
    }

    /// <summary>The part about a partition; null when the broker left it out.</summary>
    public ProduceResponse.PartitionProduceResponse? Find(TopicPartition partition, Uuid topicId)
    {
        if (_byName is null || _byId is null)
        {
            return FindInFew(partition, topicId);
        }

        return
            topicId != Uuid.Zero && _byId.TryGetValue((topicId, partition.Partition), out ProduceResponse.PartitionProduceResponse? reply)
            ? reply
            : _byName.GetValueOrDefault(partition);
    }

    private ProduceResponse.PartitionProduceResponse? FindInFew(TopicPartition partition, Uuid topicId)
    {
        foreach (ProduceResponse.TopicProduceResponse topic in _response.Responses)
        {
            if (topic.TopicId == Uuid.Zero ? topic.Name != partition.Topic : topic.TopicId != topicId)
            {
                continue;
            }

            foreach (ProduceResponse.PartitionProduceResponse reply in topic.PartitionResponses)
            {
                if (reply.Index == partition.Partition)
                {
                    return reply;
                }
            }
        }

        return null;
    }
}
