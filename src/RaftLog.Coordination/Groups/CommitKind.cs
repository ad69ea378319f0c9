namespace RaftLog.Coordination.Groups;

/// <summary>When a commit takes effect.</summary>
internal enum CommitKind
{
    /// <summary>At once.</summary>
    Plain,

    /// <summary>With the marker of its transaction.</summary>
    Transactional,
}
