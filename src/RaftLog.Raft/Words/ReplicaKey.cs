using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// The identity of a replica of the metadata log: a node, and the directory that holds its log. A replaced disk is another replica
/// (KIP-853).
/// </summary>
/// <param name="Id">The node.</param>
/// <param name="DirectoryId">The directory, or <see cref="Uuid.Zero"/> where it is unknown, as in a static voter set.</param>
public readonly record struct ReplicaKey(NodeId Id, Uuid DirectoryId) : IComparable<ReplicaKey>
{
    /// <summary>No replica: no vote was given.</summary>
    public static readonly ReplicaKey None = new(NodeId.None, Uuid.Zero);

    /// <summary>True when this names a replica.</summary>
    public bool IsPresent => Id.IsNode;

    /// <summary>True when <paramref name="other"/> may be the same replica; an unknown directory on this side stands for any.</summary>
    public bool Admits(ReplicaKey other) => Id == other.Id && (DirectoryId == Uuid.Zero || DirectoryId == other.DirectoryId);

    /// <inheritdoc />
    public int CompareTo(ReplicaKey other) => Id != other.Id ? Id.CompareTo(other.Id) : DirectoryId.CompareTo(other.DirectoryId);
}
