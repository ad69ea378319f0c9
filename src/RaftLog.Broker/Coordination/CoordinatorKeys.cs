namespace RaftLog.Broker.Coordination;

/// <summary>Which partition of an internal topic keeps what belongs to a group or a transactional id.</summary>
internal static class CoordinatorKeys
{
    private const int HashFactor = 31;

    /// <summary>
    /// The partition of a key, as every Kafka broker computes it: Java's string hash, made positive, modulo the number of partitions.
    /// </summary>
    public static int PartitionOf(string key, int partitions)
    {
        int hash = 0;
        foreach (char unit in key)
        {
            hash = unchecked((hash * HashFactor) + unit);
        }

        return (hash == int.MinValue ? 0 : Math.Abs(hash)) % partitions;
    }
}
