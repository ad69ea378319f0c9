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
    public EpochEnd EndOf(LeaderEpoch epoch)
    {
        StoredEpochEnd end = place.Log.Epochs.EndOf(epoch, place.Log.EndOffset);
        return new EpochEnd(end.Epoch, end.EndOffset);
    }
}
