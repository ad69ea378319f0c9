using RaftLog.Protocol;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>The leader epochs of a log, as Replication asks for them.</summary>
internal sealed class LogEpochHistory(PartitionLog log) : IEpochHistory
{
    /// <inheritdoc />
    public LeaderEpoch Latest => log.Epochs.Latest;

    /// <inheritdoc />
    public Replication.EpochEnd EndOf(LeaderEpoch epoch)
    {
        Storage.EpochEnd end = log.Epochs.EndOf(epoch, log.EndOffset);
        return new Replication.EpochEnd(end.Epoch, end.EndOffset);
    }
}
