using RaftLog.Client.Cluster;
using RaftLog.Client.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Produce;

/// <summary>The batches that leave for one broker in one request, and then those of another request.</summary>
internal sealed class ProduceDraft
{
    private const short LastOfV1 = 11;
    private const short LastByName = 12;

    /// <summary>Up to here it costs less to look through the topics than to sort the entries by them.</summary>
    private const int FewEntries = 4;

    private readonly TransactionFlow? _transactions;

    /// <param name="transactions">Of a transactional producer, or null.</param>
    /// <param name="sendAsync">Sends a draft.</param>
    public ProduceDraft(TransactionFlow? transactions, Func<ProduceDraft, ValueTask> sendAsync)
    {
        _transactions = transactions;
        SendAsync = () => sendAsync(this);
    }

    /// <summary>Sends the draft.</summary>
    public Func<ValueTask> SendAsync { get; }

    public NodeId Leader { get; private set; }

    public int Bytes { get; private set; }

    /// <summary>
    /// Versions from 13 on name topics by id; a topic whose id is not known keeps the request below. From 12 on the broker adds the
    /// partition to the transaction (KIP-890), which is not for a producer that does so itself.
    /// </summary>
    public short HighestVersion { get; private set; }

    public List<(PartitionQueue Queue, ProducerBatch Batch, Uuid TopicId)> Entries { get; } = [];

    /// <summary>Begins a request; what was in the one before is forgotten.</summary>
    public void Begin(NodeId leader)
    {
        Entries.Clear();
        Leader = leader;
        Bytes = 0;
        HighestVersion = _transactions is { IsV2: false } ? LastOfV1 : short.MaxValue;
    }

    public void Add(PartitionQueue queue, ProducerBatch batch, TopicView topic)
    {
        Entries.Add((queue, batch, topic.Id));
        Bytes += batch.Bytes.Length;
        if (topic.Id == Uuid.Zero)
        {
            HighestVersion = Math.Min(HighestVersion, LastByName);
        }
    }

    public ProduceRequest ToRequest(Acks acks, TimeSpan timeout)
    {
        ProduceRequest request = new()
        {
            TransactionalId = _transactions?.TransactionalId,
            Acks = (short)acks,
            TimeoutMs = (int)timeout.TotalMilliseconds,
        };
        Dictionary<string, ProduceRequest.TopicProduceData>? byName = Entries.Count > FewEntries ? new(StringComparer.Ordinal) : null;
        foreach ((PartitionQueue queue, ProducerBatch batch, Uuid topicId) in Entries)
        {
            string name = queue.Partition.Topic;
            if ((byName is null ? Find(request.TopicData, name) : byName.GetValueOrDefault(name)) is not { } topic)
            {
                topic = new() { Name = name, TopicId = topicId };
                byName?.Add(name, topic);
                request.TopicData.Add(topic);
            }

            topic.PartitionData.Add(new() { Index = queue.Partition.Partition, Records = batch.Bytes });
        }

        return request;
    }

    private static ProduceRequest.TopicProduceData? Find(List<ProduceRequest.TopicProduceData> topics, string name)
    {
        foreach (ProduceRequest.TopicProduceData topic in topics)
        {
            if (topic.Name == name)
            {
                return topic;
            }
        }

        return null;
    }
}
