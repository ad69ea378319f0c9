namespace RaftLog.Storage;

/// <summary>
/// Some batches cannot be read without holding much of them: large zstd windows, large lz4 and snappy blocks. All that are being read at
/// once hold at most these bytes together; one that needs more than all of them is read alone. Nobody waits for others, as a waiting thread
/// is worth more than the memory: who finds the budget used up is rejected, and tries again. One per node; safe for concurrent use.
/// </summary>
/// <param name="maxBytes">The most bytes.</param>
public sealed class DecompressionBudget(long maxBytes)
{
    /// <summary>The bytes where nothing is configured.</summary>
    public const long DefaultBytes = 64L << 20;

    /// <summary>What costs no budget: zstd at its usual levels, lz4 with the usual blocks. There are as many of these as threads.</summary>
    internal const int Small = 2 * 1024 * 1024;

    private readonly Lock _gate = new();
    private long _used;

    /// <summary>The most bytes.</summary>
    public long MaxBytes => maxBytes;

    /// <summary>Bytes in use now.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_gate)
            {
                return _used;
            }
        }
    }

    /// <summary>Told how many bytes were not to be had, for the node log. It may not wait.</summary>
    public event Action<long>? Exhausted;

    /// <summary>Takes what reading a batch will hold; null when there is not enough left. Dispose it after reading.</summary>
    /// <param name="bytes">The batch's window.</param>
    internal Part? TryTake(long bytes)
    {
        long taken = bytes <= Small ? 0 : bytes;
        lock (_gate)
        {
            if (taken == 0 || _used == 0 || taken <= maxBytes - _used)
            {
                _used += taken;
                return new Part(this, taken);
            }
        }

        Exhausted?.Invoke(bytes);
        return null;
    }

    /// <summary>A part of the budget that is in use.</summary>
    internal readonly struct Part(DecompressionBudget budget, long bytes) : IDisposable
    {
        /// <summary>Gives it back.</summary>
        public void Dispose()
        {
            lock (budget._gate)
            {
                budget._used -= bytes;
            }
        }
    }
}

/// <summary>A batch cannot be read now: the <see cref="DecompressionBudget"/> is used up. A later attempt may succeed.</summary>
public sealed class DecompressionBudgetException()
    : Exception("the memory for decompression is used up (raftlog.decompression.buffer.bytes)");
