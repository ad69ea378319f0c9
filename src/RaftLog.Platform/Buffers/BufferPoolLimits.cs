namespace RaftLog.Platform.Buffers;

/// <summary>The bounds of a <see cref="BufferPool"/>.</summary>
/// <param name="MaxBytes">The most bytes that may be leased at once; at the bound a rent is refused.</param>
/// <param name="MaxIdleBytes">The most bytes kept for reuse; more goes to the garbage collector on return.</param>
/// <param name="IdleTime">How long a buffer may lie unused before it is given up.</param>
/// <param name="ReusesLarge">
/// True to make buffers over <see cref="BufferPool.LargestSlab"/> a multiple of it and to reuse them too, for whoever receives large frames
/// all the time.
/// </param>
public sealed record BufferPoolLimits(long MaxBytes, long MaxIdleBytes, TimeSpan IdleTime, bool ReusesLarge = false)
{
    /// <summary>100 MiB leased, 16 MiB idle, for ten seconds.</summary>
    public static BufferPoolLimits Default { get; } = new(100L << 20, 16L << 20, TimeSpan.FromSeconds(10));
}
