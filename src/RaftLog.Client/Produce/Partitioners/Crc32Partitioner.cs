using System.IO.Hashing;

namespace RaftLog.Client.Produce;

internal sealed class Crc32Partitioner : IPartitioner
{
    public int? Choose(string topic, in ProducerRecord record, int partitions) =>
        record.Key is { IsEmpty: false } key ? (int)(Crc32.HashToUInt32(key.Span) % (uint)partitions) : null;
}
