using RaftLog.Client.Cluster;
using RaftLog.Client.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Produce;

/// <summary>The batches that leave for one broker in one request.</summary>
/// <param name="leader">The broker.</param>
/// <param name="transactions">Of a transactional producer, or null.</param>
internal sealed class ProduceDraft(NodeId leader, TransactionFlow? transactions)
{
    private const short LastOfV1 = 11;
    private const short LastByName = 12;

    private readonly List<(PartitionQueue Queue, ProducerBatch Batch, Uuid TopicId)> _entries = [];

    public NodeId Leader => leader;

    public int Bytes { get; private set; }

    /// <summary>
    /// Versions from 13 on name topics by id; a topic whose id is not known keeps the request below. From 12 on the broker adds the
    /// partition to the transaction (KIP-890), which is not for a producer that does so itself.
    /// </summary>
    public short HighestVersion { get; private set; } = transactions is { IsV2: false } ? LastOfV1 : short.MaxValue;

    public IReadOnlyList<(PartitionQueue Queue, ProducerBatch Batch, Uuid TopicId)> Entries => _entries;

    public void Add(PartitionQueue queue, ProducerBatch batch, TopicView topic)
    {
        _entries.Add((queue, batch, topic.Id));
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
            TransactionalId = transactions?.TransactionalId,
            Acks = (short)acks,
            TimeoutMs = (int)timeout.TotalMilliseconds,
        };
        Dictionary<string, ProduceRequest.TopicProduceData> topics = new(StringComparer.Ordinal);
        foreach ((PartitionQueue queue, ProducerBatch batch, Uuid topicId) in _entries)
        {
            if (!topics.TryGetValue(queue.Partition.Topic, out ProduceRequest.TopicProduceData? topic))
            {
                topic = new() { Name = queue.Partition.Topic, TopicId = topicId };
                topics.Add(topic.Name, topic);
                request.TopicData.Add(topic);
            }

            topic.PartitionData.Add(new() { Index = queue.Partition.Partition, Records = batch.Bytes });
        }

        return request;
    }
}
