namespace RaftLog.Simulation;

/// <summary>
/// A place where a medium does not give back what was written. The disk images know nothing of it: they hold what the machine was entitled
/// to find, so that a node which takes damage for its own log is caught by what it does next.
/// </summary>
/// <param name="Position">Where in the file.</param>
/// <param name="Length">How many bytes.</param>
/// <param name="Instead">What is read instead; null where reading fails.</param>
internal sealed record Damage(long Position, int Length, byte[]? Instead)
{
    internal bool Touches(long position, long length) => Position < position + length && position < Position + Length;

    /// <summary>Puts the damage into bytes that were read from a position.</summary>
    internal void Show(long position, Span<byte> read)
    {
        int from = (int)Math.Max(0, Position - position);
        int skipped = (int)Math.Max(0, position - Position);
        int length = Math.Min(read.Length - from, Length - skipped);
        Instead.AsSpan(skipped, length).CopyTo(read[from..]);
    }
}
