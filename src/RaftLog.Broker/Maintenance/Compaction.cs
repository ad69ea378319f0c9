using RaftLog.Broker.Configuration;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Maintenance;

/// <summary>
/// Compacts logs, the dirtiest first, in as many loops as <c>log.cleaner.threads</c> says. A log that cannot be compacted is set aside,
/// reported and tried again later; the others go on.
/// </summary>
/// <param name="partitions">The partitions of the node.</param>
/// <param name="settings">What is configured now.</param>
/// <param name="node">The node.</param>
internal sealed class Compaction(Func<IReadOnlyList<Partition>> partitions, Func<LogMaintenanceSettings> settings, NodeContext node)
{
    /// <summary>How long a log that could not be compacted is left alone.</summary>
    private const long SetAsideMs = 10 * 60 * 1000;

    private const int SecretBytes = 16;

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();

    /// <summary>
    /// What no loop may take now: logs that are being compacted, and until when others are left alone. In the node's monotonic
    /// milliseconds.
    /// </summary>
    private readonly Dictionary<TopicIdPartition, long> _taken = [];

    private int _loops;

    /// <summary>Starts the loops.</summary>
    public void Start() => node.Supervisor.Run("compaction", RunAsync);

    /// <summary>Gives up what is under way; the loops end.</summary>
    public void Stop() => _stop.Cancel();

    private async Task RunAsync()
    {
        int index = Interlocked.Increment(ref _loops) - 1;
        byte[] secret = new byte[SecretBytes];
        node.World.Entropy.Fill(secret);
        LogCleaner cleaner = new(node.World.Time, secret);
        while (await node.Waiters.Delay(TimeSpan.FromMilliseconds(settings().Cleaner.BackoffMs)) != WaitOutcome.Closed)
        {
            // The first loop sees to it that there are as many as are wanted; those above their number rest.
            if (index == 0 && Volatile.Read(ref _loops) < settings().Cleaner.Threads)
            {
                node.Supervisor.Run("compaction", RunAsync);
            }

            while (
                index < settings().Cleaner.Threads
                && settings().Cleaner.IsEnabled
                && !_stop.IsCancellationRequested
                && TryTake() is { } partition
            )
            {
                await CompactAsync(partition, cleaner);
            }
        }
    }

    private async Task CompactAsync(Partition partition, LogCleaner cleaner)
    {
        long leaveAloneMs = 0;
        try
        {
            CleanerSettings shared = settings().Cleaner;
            int loops = Math.Max(1, shared.Threads);
            CleanerOptions options = new(shared.BufferBytes / loops, shared.LoadFactor, shared.BytesPerSecond / loops);
            if (await partition.Maintenance.CleanAsync(cleaner, options, _stop.Token) is { } result)
            {
                node.NodeLog.Info(
                    $"{partition.Name}: compacted up to offset {result.CleanedTo}; {result.BytesBefore} bytes became {result.BytesAfter}, "
                        + $"{result.RecordsKept} of {result.RecordsRead} records stay"
                );
            }
            else
            {
                leaveAloneMs = settings().Cleaner.BackoffMs;
            }
        }
        catch (UncleanableException uncleanable)
        {
            leaveAloneMs = SetAsideMs;
            node.NodeLog.Error(
                $"{partition.Name} cannot be compacted: {uncleanable.Message}. Nothing of it is lost or changed; it is tried again in "
                    + $"{SetAsideMs / 60_000} minutes"
            );
        }
        catch (DiskException)
        {
            // The directory is offline, and those who watch it were told.
            leaveAloneMs = SetAsideMs;
        }
        catch (OperationCanceledException)
        {
            // The node stops, or the log has changed under the round.
            leaveAloneMs = settings().Cleaner.BackoffMs;
        }
        finally
        {
            Release(partition, leaveAloneMs);
        }
    }

    private Partition? TryTake()
    {
        lock (_lock)
        {
            Partition? best = null;
            CleanableRange most = default;
            foreach (Partition partition in partitions())
            {
                if (IsFree(partition.Id) && partition.Maintenance.Cleanable() is { } range && (best is null || IsMoreUrgent(range, most)))
                {
                    best = partition;
                    most = range;
                }
            }

            if (best is not null)
            {
                _taken[best.Id] = long.MaxValue;
            }

            return best;
        }
    }

    private static bool IsMoreUrgent(in CleanableRange left, in CleanableRange right) =>
        left.IsOverdue != right.IsOverdue ? left.IsOverdue : left.DirtyRatio > right.DirtyRatio;

    private bool IsFree(TopicIdPartition id)
    {
        if (_taken.TryGetValue(id, out long until) && until > node.Waiters.NowMs)
        {
            return false;
        }

        _taken.Remove(id);
        return true;
    }

    private void Release(Partition partition, long leaveAloneMs)
    {
        lock (_lock)
        {
            _taken[partition.Id] = node.Waiters.NowMs + leaveAloneMs;
        }
    }
}
