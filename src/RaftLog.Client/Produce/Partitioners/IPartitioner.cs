namespace RaftLog.Client.Produce;

/// <summary>Chooses the partition of records whose producer has named none. Used by many threads at once.</summary>
public interface IPartitioner
{
    /// <summary>
    /// The partition of a record; null to leave it to the producer, which fills one batch after the other and spares slow partitions
    /// (KIP-794).
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record.</param>
    /// <param name="partitions">The number of partitions that the topic has now, at least one.</param>
    int? Choose(string topic, in ProducerRecord record, int partitions);
}
