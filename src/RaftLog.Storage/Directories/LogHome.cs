using RaftLog.Platform;

namespace RaftLog.Storage;

/// <summary>What a log needs of the directory that it lives in.</summary>
/// <param name="Disk">The disk.</param>
/// <param name="Path">The directory's path.</param>
/// <param name="Health">Whether it is in use.</param>
/// <param name="Flusher">Who flushes it.</param>
/// <param name="Time">The clock.</param>
internal sealed record LogHome(IDisk Disk, string Path, DirectoryHealth Health, Flusher Flusher, TimeProvider Time)
{
    /// <summary>Writes the recovery points of all logs; the flusher's own. The result is what the disk has rejected for now.</summary>
    public required Func<ValueTask<DiskException?>> TryWriteRecoveryPoints { get; init; }

    /// <summary>
    /// True when an append may be rejected for what has run out for now; false when whoever appends relies on it, so that the directory has
    /// failed.
    /// </summary>
    public bool RejectsForNow { get; init; } = true;

    /// <summary>Files that are to go later.</summary>
    public DelayedDeletions Deletions { get; } = new(Disk);

    /// <summary>What reading compressed batches may hold.</summary>
    public required DecompressionBudget Decompression { get; init; }

    /// <summary>Ends the waits of <see cref="FlushLaterAsync"/>.</summary>
    public CancellationTokenSource Stop { get; } = new();

    /// <summary>Wall-clock milliseconds since 1970.</summary>
    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Hands a log to the flusher after a time.</summary>
    public async Task FlushLaterAsync(PartitionLog log, TimeSpan delay)
    {
        try
        {
            await Task.Delay(delay, Time, Stop.Token);
            log.FlushIsDue();
        }
        catch (OperationCanceledException)
        {
            // The directory is closed; a clean stop flushes everything.
        }
    }
}
