using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>The counting on which safety rests: any two majorities share a voter (Raft §5.4).</summary>
public static partial class QuorumArithmetic
{
    /// <summary>The fewest of <paramref name="voters"/> that make a majority.</summary>
    public static int Majority(int voters) => (voters / 2) + 1;

    /// <summary>True when so many rejections leave no majority to win.</summary>
    public static bool IsLost(int voters, int rejections) => voters - rejections < Majority(voters);

    /// <summary>The highest value that a majority has reached.</summary>
    /// <param name="reached">What each voter has reached, in any order; sorted by the call. At least one.</param>
    public static long ReachedByMajority(Span<long> reached)
    {
        reached.Sort();
        return reached[reached.Length - Majority(reached.Length)];
    }

    /// <summary>
    /// The high watermark of a leader: what a majority has on disk, and only once that covers a record of the leader's own epoch. A record
    /// of an older epoch on a majority may still be lost to a leader that does not have it (Raft §5.4.2, figure 8).
    /// </summary>
    /// <param name="flushedEnds">Each voter's flushed log end, as the leader knows it; sorted by the call.</param>
    /// <param name="epochStart">The offset of the first record of the leader's epoch.</param>
    /// <param name="current">The high watermark so far; the result is never below it.</param>
    public static Offset HighWatermark(Span<long> flushedEnds, Offset epochStart, Offset current)
    {
        var reached = new Offset(ReachedByMajority(flushedEnds));
        SeededBugCommitsOlderEpoch(ref epochStart);
        return reached > epochStart && reached > current ? reached : current;
    }

    static partial void SeededBugCommitsOlderEpoch(ref Offset epochStart);
}
