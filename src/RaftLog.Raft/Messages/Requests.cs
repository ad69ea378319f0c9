using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>A request from one replica to another. The shell puts it into the wire message of a version that both sides speak.</summary>
/// <param name="Epoch">The epoch that the sender speaks in.</param>
public abstract record RaftRequest(LeaderEpoch Epoch);

/// <summary>Asks for a vote, or with <paramref name="PreVote"/> whether one would be given (KIP-595, KIP-996).</summary>
/// <param name="Voter">The replica that is asked; <see cref="ReplicaKey.None"/> where the version does not name it.</param>
/// <param name="Epoch">The epoch to vote in; for a pre-vote the sender's present one.</param>
/// <param name="Candidate">The replica that asks.</param>
/// <param name="Log">The end of its log on disk.</param>
/// <param name="PreVote">True when the response binds nobody.</param>
public sealed record RaftVoteRequest(ReplicaKey Voter, LeaderEpoch Epoch, ReplicaKey Candidate, LogPosition Log, bool PreVote)
    : RaftRequest(Epoch);

/// <summary>A new leader, or one that misses a voter's fetches, makes itself known.</summary>
/// <param name="Voter">The replica that is told; <see cref="ReplicaKey.None"/> where the version does not name it.</param>
/// <param name="Leader">The leader.</param>
/// <param name="Epoch">Its epoch.</param>
public sealed record RaftBeginEpochRequest(ReplicaKey Voter, NodeId Leader, LeaderEpoch Epoch) : RaftRequest(Epoch);

/// <summary>A leader resigns.</summary>
/// <param name="Leader">The leader.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="PreferredSuccessors">The other voters by how much of the log they have; may be empty.</param>
public sealed record RaftEndEpochRequest(NodeId Leader, LeaderEpoch Epoch, IReadOnlyList<NodeId> PreferredSuccessors) : RaftRequest(Epoch);

/// <summary>Asks for records, and thereby says how much of the log the sender has on disk.</summary>
/// <param name="Replica">The replica that asks; an id below 0 is no replica and is not counted.</param>
/// <param name="Epoch">The epoch that the sender is in.</param>
/// <param name="Position">The end of the sender's log: the offset to read from and the epoch of the record before it.</param>
/// <param name="KnownHighWatermark">
/// The sender's high watermark, or <see cref="Offset.None"/> where the version does not carry it (below 18) or the field has its default.
/// </param>
public sealed record RaftFetchRequest(ReplicaKey Replica, LeaderEpoch Epoch, LogPosition Position, Offset KnownHighWatermark)
    : RaftRequest(Epoch);

/// <summary>Asks for a piece of a snapshot (KIP-630).</summary>
/// <param name="Replica">The replica that asks.</param>
/// <param name="Epoch">The epoch that the sender is in.</param>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="Position">The byte to read from.</param>
public sealed record RaftFetchSnapshotRequest(ReplicaKey Replica, LeaderEpoch Epoch, SnapshotId Snapshot, long Position)
    : RaftRequest(Epoch);
