using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// What time and configuration remove from one partition's log: silent producers, old segments, overwritten records. It works under the
/// partition's lock.
/// </summary>
/// <param name="gate">The partition's lock.</param>
/// <param name="place">Where the partition's log lies.</param>
/// <param name="host">The node.</param>
/// <param name="isInUse">False once the partition is closed or its directory has failed; called under the lock.</param>
/// <param name="settings">The partition's settings; called under the lock.</param>
/// <param name="logChanged">What the partition does when its log has changed; called under the lock.</param>
internal sealed class PartitionMaintenance(
    Lock gate,
    ReplicaPlace place,
    PartitionHost host,
    Func<bool> isInUse,
    Func<PartitionSettings> settings,
    Action<WakeList> logChanged
)
{
    /// <summary>Forgets producers that were silent for as long as <paramref name="expirationMs"/> and have no transaction open.</summary>
    public void ExpireProducers(long expirationMs)
    {
        lock (gate)
        {
            place.Log.Producers.Expire(host.WallMs, expirationMs);
        }
    }

    /// <summary>What is known of each producer of the log, read while none of them changes.</summary>
    public IReadOnlyList<T> ReadProducers<T>(Func<ProducerState, T> read)
    {
        lock (gate)
        {
            return [.. place.Log.Producers.Producers.Select(read)];
        }
    }

    /// <summary>
    /// Removes segments that are too old or too much by the topic's configuration, on leader and follower alike. The result says what went
    /// and what keeps the rest; null where nothing may be removed now.
    /// </summary>
    public RetentionDecision? Retain(WakeList wakes)
    {
        lock (gate)
        {
            RetentionLimits limits = settings().Retention;
            if (!isInUse() || limits == RetentionLimits.None)
            {
                return null;
            }

            RetentionDecision decision = place.Log.Retain(limits, host.WallMs);
            if (decision.Segments > 0)
            {
                logChanged(wakes);
            }

            return decision;
        }
    }

    /// <summary>How much of the log may be compacted now and whether it needs it; null where nothing may, or need be.</summary>
    public CleanableRange? Cleanable()
    {
        lock (gate)
        {
            if (!isInUse() || settings().Cleaning is not { } cleaning)
            {
                return null;
            }

            CleanableRange range = place.Log.Cleanable(cleaning, host.WallMs);
            return range.IsDue(cleaning) ? range : null;
        }
    }

    /// <summary>Compacts the log in one round. See <see cref="LogCleaner.CleanAsync"/>.</summary>
    public async Task<CleaningResult?> CleanAsync(LogCleaner cleaner, CleanerOptions options, CancellationToken stop)
    {
        CleaningSettings? cleaning;
        lock (gate)
        {
            cleaning = settings().Cleaning;
        }

        return cleaning is null ? null : await cleaner.CleanAsync(place.Log, cleaning, options, Locked, host.WallMs, stop);
    }

    /// <summary>Runs a change of the log's files under the lock, while the partition is in use.</summary>
    private bool Locked(Func<bool> change)
    {
        lock (gate)
        {
            return isInUse() && change();
        }
    }
}
