using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// A program that writes one record into each partition of some topics once all is quiet, however often they were made anew before. Each
/// is acknowledged, and every replica in sync has it where it says that its log lies.
/// </summary>
internal sealed class LastRecords
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly SimCluster _cluster;
    private readonly Incarnation _program;
    private readonly SortedDictionary<TopicPartition, Offset> _acknowledged = [];
    private readonly int _wanted;

    internal LastRecords(SimCluster cluster, IEnumerable<string> topics)
    {
        _cluster = cluster;
        (_program, KafkaCluster client) = cluster.NewClient();
        List<TopicPartition> partitions = [.. topics.Distinct().SelectMany(PartitionsOf)];
        _wanted = partitions.Count;
        _program.Run(
            "write last records",
            () =>
            {
                Producer producer = client.CreateProducer();
                return Task.WhenAll(partitions.Select(each => SendAsync(producer, each)));
            }
        );
    }

    /// <summary>True when all are acknowledged.</summary>
    internal bool IsDone => _acknowledged.Count == _wanted;

    /// <summary>How many replicas were looked at.</summary>
    internal long Checks { get; private set; }

    /// <summary>What is acknowledged stands where the replicas in sync lie.</summary>
    internal void Check()
    {
        foreach ((TopicPartition partition, Offset offset) in _acknowledged)
        {
            foreach (SimMachine machine in RegistrationOf(partition)?.Isr.Select(each => _cluster.Machine(each.Value)) ?? [])
            {
                Checks++;
                if (
                    !ReplicaReader
                        .Read(machine, new NodeId(machine.Number), partition, offset)
                        .Batches.Any(each => each.LastOffset >= offset)
                )
                {
                    _cluster.Scheduler.Fail(
                        $"last-record: a record at offset {offset} of {partition} was acknowledged, {machine.Name} is in sync, and "
                            + $"{machine.PathOf(partition)} does not hold it"
                    );
                }
            }
        }
    }

    private MetadataImage Image => _cluster.Machines.First(static each => each.IsUp).Node!.Image;

    /// <summary>Those whose machines are all there: they can be written whatever their topic asks for.</summary>
    private IEnumerable<TopicPartition> PartitionsOf(string topic) =>
        Image.Topics.TryGet(topic, out TopicImage? found)
            ? found
                .Partitions.Where(each => each.Value.Replicas.All(replica => _cluster.Machine(replica.Value).IsUp))
                .Select(each => new TopicPartition(topic, each.Key))
            : [];

    private PartitionRegistration? RegistrationOf(TopicPartition partition) =>
        Image.Topics.TryGet(partition.Topic, out TopicImage? found) ? found.Partitions.GetValueOrDefault(partition.Partition) : null;

    private async Task SendAsync(Producer producer, TopicPartition partition)
    {
        while (!_acknowledged.ContainsKey(partition))
        {
            try
            {
                ProducerRecord record = new("last"u8.ToArray(), "record"u8.ToArray()) { Partition = partition.Partition };
                _acknowledged[partition] = (await producer.ProduceAsync(partition.Topic, record)).Offset;
            }
            catch (KafkaException failure)
            {
                _cluster.Scheduler.Say($"{_program.Name}: no last record in {partition} yet: {failure.Message}");
                await Task.Delay(Pause, _program.Time);
            }
        }
    }
}
