namespace RaftLog.Client.Connections;

/// <summary>What a coordinator keeps; the number is FindCoordinator's key type.</summary>
internal enum CoordinatorKind : sbyte
{
    /// <summary>A group: its members and its committed offsets.</summary>
    Group = 0,

    /// <summary>A transactional id.</summary>
    Transaction = 1,
}
