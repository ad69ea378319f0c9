using RaftLog.Broker.Runtime;
using RaftLog.Platform.Waiting;
using RaftLog.Storage;

namespace RaftLog.Broker.Lifecycle;

/// <summary>
/// Says in the node log that a disk does not answer: a flush that hangs fails nothing and stalls only what waits for it, so without a word
/// nobody would know why. Once after ten seconds, again each time it has taken twice as long, and when it is over.
/// </summary>
internal sealed class FlushWatch(IReadOnlyList<LogDirectory> directories, Waiters waiters, NodeLog nodeLog)
{
    private const long FirstMs = 10_000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly (LogDirectory Directory, Flusher Flusher, string What)[] _watched =
    [
        .. directories.Select(static each => (each, each.Flusher, $"log directory {each.Path}")),
        .. directories
            .Where(static each => each.MetadataFlusher is not null)
            .Select(static each => (each, each.MetadataFlusher!, $"the metadata log in log directory {each.Path}")),
    ];

    private readonly Dictionary<Flusher, (long Steps, long SinceMs, long WarnAtMs)> _seen = [];

    /// <summary>Watches until the node's waits are closed.</summary>
    public async Task RunAsync()
    {
        while (await waiters.Delay(Interval) != WaitOutcome.Closed)
        {
            foreach ((LogDirectory directory, Flusher flusher, string what) in _watched)
            {
                _seen[flusher] = Look(directory.Health, flusher, what, _seen.GetValueOrDefault(flusher));
            }
        }
    }

    private (long Steps, long SinceMs, long WarnAtMs) Look(
        DirectoryHealth health,
        Flusher flusher,
        string what,
        (long Steps, long SinceMs, long WarnAtMs) seen
    )
    {
        long now = waiters.NowMs;
        long steps = flusher.Steps;
        bool hangs = flusher.IsBusy && !health.IsOffline && steps == seen.Steps;
        long forMs = now - seen.SinceMs;
        if (!hangs)
        {
            if (seen.WarnAtMs > FirstMs)
            {
                nodeLog.Info($"{what}: the disk answers again, after {forMs / 1000} s");
            }

            return (steps, now, FirstMs);
        }

        if (forMs < seen.WarnAtMs)
        {
            return seen;
        }

        nodeLog.Warn(
            $"{what}: the disk has not ended a flush for {forMs / 1000} s. What waits for it is not acknowledged and cannot be in sync; "
                + "look at the disk and at the system's log"
        );
        return seen with { WarnAtMs = seen.WarnAtMs * 2 };
    }
}
