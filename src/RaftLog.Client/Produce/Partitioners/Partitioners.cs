namespace RaftLog.Client.Produce;

/// <summary>The partitioners of other clients, so that the same key goes to the same partition, whoever sends it.</summary>
public static class Partitioners
{
    /// <summary>Kafka's Java client: keys by MurmurHash2, records without a key where the producer likes (the default).</summary>
    public static IPartitioner Murmur2 { get; } = new Murmur2Partitioner();

    /// <summary>
    /// librdkafka's default, <c>consistent_random</c>, and so Confluent's clients: keys by CRC-32, without or with an empty key where the
    /// producer likes.
    /// </summary>
    public static IPartitioner Crc32 { get; } = new Crc32Partitioner();

    /// <summary>Every record where the producer likes, whatever its key (partitioner.ignore.keys).</summary>
    public static IPartitioner Sticky { get; } = new StickyPartitioner();

    /// <summary>Each record of a topic to the next partition, whatever its key; a new one counts from the beginning.</summary>
    public static IPartitioner RoundRobin() => new RoundRobinPartitioner();
}
