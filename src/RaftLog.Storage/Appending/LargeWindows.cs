namespace RaftLog.Storage;

/// <summary>
/// Some batches cannot be read without holding much of them: large zstd windows, large lz4 and snappy blocks. Whoever reads such a batch does so in turn, so that
/// all readers together hold one large window, and as many small ones as there are threads.
/// </summary>
internal sealed class LargeWindows
{
    /// <summary>What needs no turn: zstd at its usual levels, lz4 with the usual blocks.</summary>
    public const int Small = 2 * 1024 * 1024;

    /// <summary>Held while a large window is in use; never across an await.</summary>
    public Lock Turn { get; } = new();
}
