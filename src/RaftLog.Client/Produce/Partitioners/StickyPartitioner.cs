namespace RaftLog.Client.Produce;

internal sealed class StickyPartitioner : IPartitioner
{
    public int? Choose(string topic, in ProducerRecord record, int partitions) => null;
}
