using RaftLog.Platform;

namespace RaftLog.Client.Produce;

/// <summary>
/// Which partition the records without a key fill next (KIP-794): by chance, and the less often the more batches wait in it, so that a slow
/// broker gets what it can take and holds up nothing else.
/// </summary>
internal static class StickyChoice
{
    /// <summary>A partition that may not be chosen.</summary>
    public const int Unavailable = -1;

    /// <summary>Chooses among partitions by the number of batches that wait in each.</summary>
    /// <param name="waiting">The batches that wait in each, or <see cref="Unavailable"/>.</param>
    /// <param name="adapts">False to let all that are available have the same chance.</param>
    /// <param name="entropy">Chance.</param>
    public static int Choose(ReadOnlySpan<int> waiting, bool adapts, IEntropy entropy)
    {
        int most = -1;
        foreach (int count in waiting)
        {
            most = Math.Max(most, count);
        }

        if (most < 0)
        {
            return entropy.Next(waiting.Length);
        }

        int total = 0;
        foreach (int count in waiting)
        {
            total += Weight(count, most, adapts);
        }

        int drawn = entropy.Next(total);
        for (int i = 0; i < waiting.Length; i++)
        {
            drawn -= Weight(waiting[i], most, adapts);
            if (drawn < 0)
            {
                return i;
            }
        }

        return waiting.Length - 1;
    }

    private static int Weight(int waiting, int most, bool adapts) =>
        waiting < 0 ? 0
        : adapts ? most + 1 - waiting
        : 1;
}
