using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// What the core wants done. The shell takes the effects after every input and starts them in order. There are four lanes; effects of one
/// lane are done one after the other, lanes may run in parallel:
/// <list type="bullet">
/// <item><b>Election state</b>: <see cref="PersistElectionState"/>. When several wait only the last need be written, but every completion is
/// reported by <see cref="RaftCore.ElectionStatePersisted"/> with a token at least as high.</item>
/// <item><b>Log</b>: <see cref="AppendLeaderChange"/>, <see cref="AppendFetched"/>, <see cref="TruncateLog"/>, <see cref="WriteSnapshotChunk"/>,
/// <see cref="InstallSnapshot"/>. At most one of them besides chunks is under way; each is paired with its completion by its token. Flushing is no
/// effect: the shell flushes whatever is appended, as soon as it can, and reports <see cref="RaftCore.LogFlushed"/>.</item>
/// <item><b>Network</b>: <see cref="SendRequest"/>, <see cref="SendReply"/>. They may leave at once and in any order: the core has held them
/// back until what they promise was on disk. A request ends with its reply or with <see cref="RaftCore.RequestFailed"/>; a lost end is survived.</item>
/// <item><b>Notices</b>: all others. They are facts about the node, to be told in order.</item>
/// </list>
/// A failure of the disk has no completion: the node stops.
/// </summary>
public abstract record RaftEffect
{
    private RaftEffect()
    {
    }

    /// <summary>Write the election state, flush it, rename it into place; then <see cref="RaftCore.ElectionStatePersisted"/> with the token.</summary>
    public sealed record PersistElectionState(long Token, ElectionState State) : RaftEffect;

    /// <summary>Send a request; its reply comes back with the same id.</summary>
    public sealed record SendRequest(long RequestId, NodeId To, RaftRequest Request) : RaftEffect;

    /// <summary>Answer the request that came with this caller.</summary>
    public sealed record SendReply(long Caller, RaftReply Reply) : RaftEffect;

    /// <summary>
    /// Append the control batch that opens a leadership (LeaderChange) at <paramref name="BaseOffset"/>; then <see cref="RaftCore.LogAppended"/>.
    /// </summary>
    public sealed record AppendLeaderChange(
        LeaderEpoch Epoch, Offset BaseOffset, NodeId Leader, IReadOnlyList<ReplicaKey> Voters, IReadOnlyList<ReplicaKey> GrantingVoters) : RaftEffect;

    /// <summary>
    /// Append the batches of the fetch reply that was just handed in, as far as they are sound and follow the log's end; per run of batches of one
    /// epoch <see cref="RaftCore.LogAppended"/>, at the end <see cref="RaftCore.FetchedAppended"/> with the token, also when nothing was sound.
    /// </summary>
    public sealed record AppendFetched(long Token, long RequestId) : RaftEffect;

    /// <summary>Cut the log so that it ends at <paramref name="EndOffset"/>; then <see cref="RaftCore.LogTruncated"/> with the token.</summary>
    public sealed record TruncateLog(long Token, Offset EndOffset) : RaftEffect;

    /// <summary>
    /// Write the bytes of the snapshot reply that was just handed in to the unfinished snapshot file. Position 0 begins it anew, whatever was there.
    /// </summary>
    public sealed record WriteSnapshotChunk(long RequestId, SnapshotId Snapshot, long Position) : RaftEffect;

    /// <summary>
    /// The snapshot file is whole: check it, flush it, rename it into place, replace the whole log by it; then
    /// <see cref="RaftCore.SnapshotInstalled"/>, or <see cref="RaftCore.SnapshotRejected"/> when its content is not sound.
    /// </summary>
    public sealed record InstallSnapshot(long Token, SnapshotId Snapshot) : RaftEffect;

    /// <summary>
    /// The node knows another leader, or another epoch, than before.
    /// </summary>
    public sealed record LeaderChanged(LeaderAndEpoch Leader) : RaftEffect;

    /// <summary>
    /// This node leads, that is on disk, and <see cref="RaftCore.PrepareAppend"/> grants. What earlier leaders committed is known to be
    /// committed once the high watermark passes <paramref name="EpochStart"/>.
    /// </summary>
    public sealed record LeadershipGained(LeaderEpoch Epoch, Offset EpochStart) : RaftEffect;

    /// <summary>A leadership that was gained is over; what it appended above the high watermark may or may not be committed.</summary>
    public sealed record LeadershipLost(LeaderEpoch Epoch) : RaftEffect;

    /// <summary>Everything below is committed. Rises only.</summary>
    public sealed record HighWatermarkAdvanced(Offset HighWatermark) : RaftEffect;

    /// <summary>Fetches that wait are to be asked again with <see cref="RaftCore.AskAgain"/>: the log's end, the high watermark or the role has changed.</summary>
    public sealed record WakeFetches : RaftEffect
    {
        /// <summary>The only one there need be.</summary>
        public static readonly WakeFetches Instance = new();
    }
}
