using RaftLog.Protocol;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>The leader epochs of a replica's log, as Replication asks for them.</summary>
internal sealed class LogEpochHistory(ReplicaPlace place) : IEpochHistory
{
    /// <inheritdoc />
    public LeaderEpoch Latest => place.Log.Epochs.Latest;

    /// <inheritdoc />
    public Replication.EpochEnd EndOf(LeaderEpoch epoch)
    {
        Storage.EpochEnd end = place.Log.Epochs.EndOf(epoch, place.Log.EndOffset);
        return new Replication.EpochEnd(end.Epoch, end.EndOffset);
    }
}
