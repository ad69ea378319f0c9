using RaftLog.Broker.Cluster;
using RaftLog.Broker.Handlers;
using RaftLog.Broker.Partitions;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Broker.Coordination.Transactions;

/// <summary>Writes the markers of transactions to the partitions that this node leads.</summary>
/// <param name="lookup">The partitions.</param>
/// <param name="offsets">Writes to a partition of <c>__consumer_offsets</c>, whose coordinator has to know; null where there is
/// none.</param>
/// <param name="waiters">Clock and waits.</param>
/// <param name="timeout">How long a marker may take to be committed.</param>
internal sealed class LocalMarkers(
    PartitionLookup lookup,
    Func<int, TransactionMarker, Task<ErrorCode>>? offsets,
    Waiters waiters,
    TimeSpan timeout
)
{
    /// <summary>Writes one marker to partitions, and waits until it is committed in each.</summary>
    /// <returns>None for each partition that has it, or why it is not known to, in the order of the partitions.</returns>
    public async Task<ErrorCode[]> WriteAsync(TransactionMarker marker, IReadOnlyList<TopicPartition> partitions)
    {
        CommitWait commits = new(waiters, partitions.Count);
        List<(int Slot, Task<ErrorCode> Written)> groups = [];
        WakeList wakes = new();
        for (int slot = 0; slot < partitions.Count; slot++)
        {
            TopicPartition name = partitions[slot];
            if (name.Topic == InternalTopics.ConsumerOffsets && offsets is not null)
            {
                groups.Add((slot, offsets(name.Partition, marker)));
                commits.Decide(slot, ErrorCode.None);
                continue;
            }

            (Partition? partition, ErrorCode error) = lookup.ByName(name.Topic, name.Partition);
            if (partition is null)
            {
                commits.Decide(slot, error);
                continue;
            }

            Memory<byte> batch = CoordinatorBatches.Marker(marker, waiters.Time.GetUtcNow().ToUnixTimeMilliseconds());
            AppendOutcome append = partition.AppendMarker(batch, marker.TransactionVersion, LeaderEpoch.None, wakes);
            partition.Watch(append, RequiredAcks.All, commits, slot);
        }

        wakes.WakeAll();
        await commits.WaitAsync(timeout);
        ErrorCode[] outcomes = [.. Enumerable.Range(0, partitions.Count).Select(slot => commits[slot])];
        foreach ((int slot, Task<ErrorCode> written) in groups)
        {
            outcomes[slot] = await written;
        }

        return outcomes;
    }
}
