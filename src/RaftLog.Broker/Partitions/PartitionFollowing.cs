using RaftLog.Protocol;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// How one partition follows its leader: what to ask for, and what becomes of the response. It works under the partition's lock.
/// </summary>
/// <param name="gate">The partition's lock.</param>
/// <param name="partition">The partition.</param>
/// <param name="replica">What Replication decides about it.</param>
/// <param name="epochs">The epochs of its log.</param>
/// <param name="host">The node.</param>
/// <param name="isInUse">False once the partition is closed or its directory has failed; called under the lock.</param>
/// <param name="logChanged">What the partition does when its log has changed; called under the lock.</param>
internal sealed class PartitionFollowing(
    Lock gate,
    Partition partition,
    PartitionReplica replica,
    LogEpochHistory epochs,
    PartitionHost host,
    Func<bool> isInUse,
    Action<WakeList> logChanged
)
{
    private FollowedPartitions? _fetcher;
    private bool _isClosed;

    private PartitionLog Log => partition.Log;

    /// <summary>
    /// Whom to tell when what was fetched has become durable, or the log begins elsewhere; null when nobody fetches any more.
    /// </summary>
    public void FetchedBy(FollowedPartitions? fetcher)
    {
        lock (gate)
        {
            _fetcher = fetcher;
        }
    }

    /// <summary>What to ask for has changed. Under the lock.</summary>
    public void Changed(WakeList wakes) => _fetcher?.Changed(partition.Id, wakes);

    /// <summary>The partition leaves this node. Under the lock.</summary>
    public void Close() => _isClosed = true;

    /// <summary>
    /// What to ask this leader for; null while there is nothing to ask it, or nothing yet. A replica in a failed directory asks for
    /// nothing: its fetches would claim that it keeps up, and bring it back into the in-sync set.
    /// </summary>
    public FetchPosition? NextFetch(NodeId leader)
    {
        lock (gate)
        {
            return isInUse() && replica.Role is PartitionFollowerRole follower && follower.Leader == leader
                ? replica.NextFetch(epochs)
                : null;
        }
    }

    /// <summary>True while this node follows that leader and has fetched bytes that are not durable yet.</summary>
    public bool IsFlushing(NodeId leader)
    {
        lock (gate)
        {
            return isInUse()
                && replica.Role is PartitionFollowerRole follower
                && follower.Leader == leader
                && partition.Place.DurableEnd < Log.EndOffset;
        }
    }

    /// <summary>
    /// Takes a leader's response: appends its records, or says what else is to be done. For a truncation, the caller goes on with <see
    /// cref="TruncateAsync"/>.
    /// </summary>
    /// <param name="response">What the leader says.</param>
    /// <param name="records">The records that it gives.</param>
    /// <param name="wakes">Who is to be woken.</param>
    /// <param name="rejection">Why this log does not take the records; null when it does, or there were none.</param>
    public FollowerStep OnFetchResponse(in FollowerFetchResult response, Memory<byte> records, WakeList wakes, out string? rejection)
    {
        rejection = null;
        lock (gate)
        {
            if (_isClosed)
            {
                return new FollowerStep(FollowerStepKind.Drop, Offset.None, null);
            }

            FollowerStep step = replica.OnFetchResponse(response, epochs);
            if (step.HighWatermark is { } highWatermark)
            {
                Log.SetHighWatermark(highWatermark);
            }

            if (step.Kind != FollowerStepKind.Append)
            {
                return step;
            }

            if (!records.IsEmpty)
            {
                AppendResult result = Log.AppendAsFollower(records, response.Fetch.CurrentLeaderEpoch, host.WallMs);
                if (!result.IsAccepted)
                {
                    rejection = result.Message;
                    return step with { Kind = FollowerStepKind.BackOff };
                }

                logChanged(wakes);
            }

            if (response.LeaderLogStart > Log.StartOffset)
            {
                Log.AdvanceStart(response.LeaderLogStart);
                logChanged(wakes);
            }

            return step;
        }
    }

    /// <summary>
    /// Truncates the log as a response demands. A truncation below the high watermark (the leader was elected uncleanly, or has lost its
    /// log) first lowers the recovery point on the disk; as that takes time, the response is judged again before the truncation.
    /// </summary>
    public async ValueTask TruncateAsync(FollowerStep step, FollowerFetchResult response, WakeList wakes)
    {
        PartitionLog log = Log;
        await partition.Directory.PrepareTruncationAsync(log, step.To);
        lock (gate)
        {
            if (_isClosed || log != Log || replica.OnFetchResponse(response, epochs) != step)
            {
                return;
            }

            if (step.Kind == FollowerStepKind.Truncate)
            {
                Log.TruncateTo(step.To);
            }
            else
            {
                Log.TruncateFullyAndStartAt(step.To);
            }

            logChanged(wakes);
        }
    }
}
