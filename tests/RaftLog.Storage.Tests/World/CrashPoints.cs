namespace RaftLog.Storage.Tests;

/// <summary>
/// Stops the disk at every single operation of a life, one life for each and for each way in which the power goes: with none, all or some
/// of what was not flushed.
/// </summary>
internal static class CrashPoints
{
    /// <summary>The disk does not stop.</summary>
    public const int Never = int.MaxValue;

    private const int MostOperations = 20_000;

    /// <summary>Lives until the disk stops at an operation, and checks what a start finds then.</summary>
    /// <param name="failAt">The operation, counted from 0, or <see cref="Never"/>.</param>
    /// <param name="survives">Of how many operations that were not flushed how many are kept.</param>
    /// <returns>The operations of the disk.</returns>
    public delegate int Life(int failAt, Func<int, int> survives);

    /// <summary>Lives all of them.</summary>
    /// <param name="life">A life.</param>
    /// <param name="leastOperations">What a life has at least: with fewer the script has lost its sense.</param>
    /// <param name="subsets">How often some of what was not flushed is kept, drawn anew each time.</param>
    public static void LiveAll(Life life, int leastOperations, int subsets)
    {
        int operations = life(Never, static _ => 0);
        Assert.InRange(operations, leastOperations, MostOperations);
        for (int at = 0; at < operations; at++)
        {
            life(at, static _ => 0);
            life(at, static most => most - 1);
            for (int seed = 0; seed < subsets; seed++)
            {
                life(at, new Random((at * 31) + seed).Next);
            }
        }
    }

    /// <summary>Lets the disk stop at an operation, counted from now on.</summary>
    public static void StopAt(this FailingDisk disk, int failAt) => disk.FailAt = failAt == Never ? Never : disk.Operations + failAt;
}
