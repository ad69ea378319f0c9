using Xunit.Sdk;

namespace RaftLog.Storage.Tests;

/// <summary>
/// Stops the disk at every single operation of a life, one life for each and for each way in which the power goes: with none, all, each
/// single one or some of the changes that were not flushed.
/// </summary>
internal static class CrashPoints
{
    /// <summary>The disk does not stop.</summary>
    public const int Never = int.MaxValue;

    private const int MostOperations = 20_000;

    /// <summary>Lives until the disk stops at an operation, and checks what a start finds then.</summary>
    /// <param name="failAt">The operation, counted from 0, or <see cref="Never"/>.</param>
    /// <param name="losePower">Takes the power from the disk.</param>
    /// <returns>The operations of the disk.</returns>
    public delegate int Life(int failAt, Action<CrashDisk> losePower);

    /// <summary>Lives all of them.</summary>
    /// <param name="life">A life.</param>
    /// <param name="leastOperations">What a life has at least: with fewer the script has lost its sense.</param>
    /// <param name="subsets">How often some of what was not flushed is kept, drawn anew each time.</param>
    public static void LiveAll(Life life, int leastOperations, int subsets)
    {
        int operations = life(Never, static disk => disk.LosePower(static _ => 0));
        Assert.InRange(operations, leastOperations, MostOperations);
        for (int at = 0; at < operations; at++)
        {
            int changes = 0;
            Play(
                "with nothing",
                disk =>
                {
                    changes = disk.UnflushedChanges;
                    disk.LosePower(static _ => 0);
                }
            );
            Play("with all", static disk => disk.LosePowerKeepingAll());
            Play("with all names, and of files only their length", static disk => disk.LosePower(static most => most - 1));
            for (int change = 0; change < changes; change++)
            {
                int kept = change;
                Play($"with change {kept}", disk => disk.LosePowerKeeping(kept));
            }

            for (int seed = 0; seed < subsets; seed++)
            {
                Random random = new((at * 31) + seed);
                Play($"with subset {seed}", disk => disk.LosePower(random.Next));
            }

            void Play(string how, Action<CrashDisk> losePower)
            {
                try
                {
                    life(at, losePower);
                }
                catch (Exception failure)
                {
                    throw new XunitException($"at operation {at}, {how} of what was not flushed: {failure.Message}", failure);
                }
            }
        }
    }

    /// <summary>Lets the disk stop at an operation, counted from now on.</summary>
    public static void StopAt(this FailingDisk disk, int failAt) => disk.FailAt = failAt == Never ? Never : disk.Operations + failAt;
}
