using RaftLog.Broker.Partitions;
using RaftLog.Broker.Runtime;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Coordination;

/// <summary>
/// One leadership of one partition of an internal topic: what a coordinator may append to and read from. It never becomes valid again once
/// the leadership is over; a later leadership of the same node is another object, since others may have appended in between.
/// </summary>
internal sealed class LedPartition(Partition partition, LeaderEpoch epoch) : IDecisionLog<DecidedBatch>
{
    /// <summary>The partition.</summary>
    public TopicPartition Name => partition.Name;

    /// <summary>The leadership.</summary>
    public LeaderEpoch Epoch => epoch;

    /// <summary>The log, to load from.</summary>
    public PartitionLog Log => partition.Log;

    /// <summary>True for the leadership that this object stands for.</summary>
    public bool Is(Partition other, LeaderEpoch inEpoch) => ReferenceEquals(partition, other) && epoch == inEpoch;

    /// <summary>None when a batch could be appended now; else why not, the end of the leadership included.</summary>
    public ErrorCode MayAppend() => partition.MayAppendBuilt(epoch, RequiredAcks.All);

    /// <inheritdoc />
    public DecidedAppend Append(DecidedBatch batch)
    {
        WakeList wakes = new();
        AppendOutcome outcome = batch.MarkerVersion is { } version
            ? partition.AppendMarker(batch.Bytes, version, epoch, wakes)
            : partition.AppendBuilt(batch.Bytes, epoch, RequiredAcks.All, wakes);
        wakes.WakeAll();
        return new DecidedAppend(outcome.Error, outcome.Result.BaseOffset, outcome.End);
    }

    /// <inheritdoc />
    public ErrorCode TryGetCommitted(out Offset committed) => partition.TryGetCommitted(epoch, out committed);

    /// <summary>Sets a signal whenever <see cref="TryGetCommitted"/> may have changed, until <see cref="EndObservation"/>.</summary>
    public void Observe(AsyncSignal observer) => partition.ObserveCommits(observer);

    /// <summary>Ends an observation.</summary>
    public void EndObservation(AsyncSignal observer) => partition.EndObservation(observer);
}
