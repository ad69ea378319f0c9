namespace RaftLog.Simulation;

/// <summary>What a coordinator looks after; the numbers are the protocol's.</summary>
public enum CoordinatorKind
{
    /// <summary>A group.</summary>
    Group = 0,

    /// <summary>The transactions of a transactional id.</summary>
    Transaction = 1,
}
