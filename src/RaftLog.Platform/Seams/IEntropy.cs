namespace RaftLog.Platform;

/// <summary>The entropy seam: every random choice of a node (ids, election jitter, back-off) comes from it.</summary>
public interface IEntropy
{
    /// <summary>Fills the target with random bytes.</summary>
    void Fill(Span<byte> target);

    /// <summary>A uniform number from 0 to <paramref name="exclusiveMax"/> - 1.</summary>
    int Next(int exclusiveMax);
}
