namespace RaftLog.Raft;

/// <summary>
/// The chance that keeps voters from standing for election at the same moment. Given by the shell, so that a seed can replay it.
/// </summary>
public interface IElectionRandom
{
    /// <summary>
    /// A number from <paramref name="minimum"/> up to but not including <paramref name="limit"/>; <paramref name="minimum"/> when both are
    /// equal.
    /// </summary>
    int Next(int minimum, int limit);
}
