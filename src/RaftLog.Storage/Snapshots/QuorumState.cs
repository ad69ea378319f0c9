using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>What a Raft node must remember across restarts: epoch, vote and the leader it knows (KIP-595, KIP-853).</summary>
/// <param name="Epoch">The current epoch.</param>
/// <param name="Leader">The leader of the epoch; <see cref="NodeId.None"/> when unknown.</param>
/// <param name="Voted">Whom this node voted for in the epoch; <see cref="NodeId.None"/> for nobody.</param>
/// <param name="VotedDirectory">That candidate's directory; zero in version 0 of the file.</param>
/// <param name="Voters">The static voters, of version 0 only; empty in version 1, where the log holds them.</param>
public sealed record QuorumState(LeaderEpoch Epoch, NodeId Leader, NodeId Voted, Uuid VotedDirectory, IReadOnlyList<NodeId> Voters)
{
    /// <summary>A node that has seen no epoch yet.</summary>
    public static readonly QuorumState Initial = new(LeaderEpoch.Zero, NodeId.None, NodeId.None, Uuid.Zero, []);
}

/// <summary>The form of the file, which follows from <c>kraft.version</c>.</summary>
public enum QuorumStateVersion
{
    /// <summary>With the static voters.</summary>
    StaticVoters = 0,

    /// <summary>With the voted directory.</summary>
    DynamicVoters = 1,
}
