namespace RaftLog.Client.Produce;

internal sealed class Murmur2Partitioner : IPartitioner
{
    public int? Choose(string topic, in ProducerRecord record, int partitions) =>
        record.Key is { } key ? Murmur2.Partition(key.Span, partitions) : null;
}
