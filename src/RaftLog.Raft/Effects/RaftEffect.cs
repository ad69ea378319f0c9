using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// What the core wants done. The shell takes the effects after every input and starts them in order. There are four lanes; effects of one
/// lane are done one after the other, lanes may run in parallel:
/// <list type="bullet">
/// <item><b>Election state</b>: <see cref="PersistElectionState"/>. When several wait only the last need be written, but every completion
/// is reported by <see cref="RaftCore.ElectionStatePersisted"/> with a token at least as high.</item>
/// <item><b>Log</b>: <see cref="AppendLeaderChange"/>, <see cref="AppendFetched"/>, <see cref="TruncateLog"/>,
/// <see cref="WriteSnapshotChunk"/>,
/// <see cref="InstallSnapshot"/>. At most one of them besides chunks is under way; each is paired with its completion by its token.
/// Flushing is no effect: the shell flushes whatever is appended, as soon as it can, and reports <see cref="RaftCore.LogFlushed"/>.</item>
/// <item><b>Network</b>: <see cref="SendRequest"/>, <see cref="SendReply"/>. They may leave at once and in any order: the core has held
/// them back until what they promise was on disk. A request ends with its reply or with <see cref="RaftCore.RequestFailed"/>; a lost end is
/// survived.</item>
/// <item><b>Notices</b>: all others. They are facts about the node, to be told in order.</item>
/// </list>
/// A failure of the disk has no completion: the node stops.
/// </summary>
public abstract record RaftEffect
{
    private RaftEffect() { }

    /// <summary>
    /// Write the election state, flush it, rename it into place; then <see cref="RaftCore.ElectionStatePersisted"/> with the token.
    /// </summary>
    /// <param name="Token">Rises with each state.</param>
    /// <param name="State">The whole content of the file.</param>
    public sealed record PersistElectionState(long Token, ElectionState State) : RaftEffect;

    /// <summary>Send a request; its reply comes back with the same id.</summary>
    /// <param name="RequestId">Names the request at this core; never given twice in its life.</param>
    /// <param name="To">The voter that it goes to.</param>
    /// <param name="Request">The request.</param>
    public sealed record SendRequest(long RequestId, NodeId To, RaftRequest Request) : RaftEffect;

    /// <summary>Send the response to the request that came with this caller.</summary>
    /// <param name="Caller">What the shell handed in with the request.</param>
    /// <param name="Reply">The response.</param>
    public sealed record SendReply(long Caller, RaftReply Reply) : RaftEffect;

    /// <summary>
    /// Append the control batch that opens a leadership (LeaderChange) at <paramref name="BaseOffset"/>; then
    /// <see cref="RaftCore.LogAppended"/>.
    /// </summary>
    /// <param name="Epoch">The epoch of the batch.</param>
    /// <param name="BaseOffset">Its offset: the log's end.</param>
    /// <param name="Leader">This node.</param>
    /// <param name="Voters">All voters, by node id.</param>
    /// <param name="GrantingVoters">Those that voted for this leader, itself included, by node id.</param>
    public sealed record AppendLeaderChange(
        LeaderEpoch Epoch,
        Offset BaseOffset,
        NodeId Leader,
        IReadOnlyList<ReplicaKey> Voters,
        IReadOnlyList<ReplicaKey> GrantingVoters
    ) : RaftEffect;

    /// <summary>
    /// Append the batches of the fetch reply that was just handed in, as far as they are sound and follow the log's end; per run of batches
    /// of one epoch <see cref="RaftCore.LogAppended"/>, at the end <see cref="RaftCore.FetchedAppended"/> with the token, also when nothing
    /// was sound.
    /// </summary>
    /// <param name="Token">Names this change of the log.</param>
    /// <param name="RequestId">The fetch whose response brought the batches.</param>
    public sealed record AppendFetched(long Token, long RequestId) : RaftEffect;

    /// <summary>
    /// Truncate the log so that it ends at <paramref name="EndOffset"/>; then <see cref="RaftCore.LogTruncated"/> with the token.
    /// </summary>
    /// <param name="Token">Names this change of the log.</param>
    /// <param name="EndOffset">The first offset that goes, at least the high watermark.</param>
    public sealed record TruncateLog(long Token, Offset EndOffset) : RaftEffect;

    /// <summary>
    /// Write the bytes of the snapshot reply that was just handed in to the unfinished snapshot file. Position 0 begins it anew, whatever
    /// was there.
    /// </summary>
    /// <param name="RequestId">The request whose response brought the bytes.</param>
    /// <param name="Snapshot">The snapshot that they belong to.</param>
    /// <param name="Position">Where they begin in it, in bytes.</param>
    public sealed record WriteSnapshotChunk(long RequestId, SnapshotId Snapshot, long Position) : RaftEffect;

    /// <summary>
    /// The snapshot file is whole: check it, flush it, rename it into place, replace the whole log by it; then
    /// <see cref="RaftCore.SnapshotInstalled"/>, or <see cref="RaftCore.SnapshotRejected"/> when its content is not sound.
    /// </summary>
    /// <param name="Token">Names this change of the log.</param>
    /// <param name="Snapshot">The snapshot, which is at least as long as what is committed.</param>
    public sealed record InstallSnapshot(long Token, SnapshotId Snapshot) : RaftEffect;

    /// <summary>The node knows another leader, or another epoch, than before.</summary>
    /// <param name="Leader">The leadership as it knows it now.</param>
    public sealed record LeaderChanged(LeaderAndEpoch Leader) : RaftEffect;

    /// <summary>
    /// This node leads, that is on disk, and <see cref="RaftCore.PrepareAppend"/> grants. What earlier leaders committed is known to be
    /// committed once the high watermark passes <paramref name="EpochStart"/>.
    /// </summary>
    /// <param name="Epoch">The epoch that it leads.</param>
    /// <param name="EpochStart">The offset of the LeaderChange that opened it.</param>
    public sealed record LeadershipGained(LeaderEpoch Epoch, Offset EpochStart) : RaftEffect;

    /// <summary>A leadership that was gained is over; what it appended above the high watermark may or may not be committed.</summary>
    /// <param name="Epoch">The epoch that it led.</param>
    public sealed record LeadershipLost(LeaderEpoch Epoch) : RaftEffect;

    /// <summary>The high watermark has risen.</summary>
    /// <param name="HighWatermark">Everything below is committed.</param>
    public sealed record HighWatermarkAdvanced(Offset HighWatermark) : RaftEffect;

    /// <summary>
    /// Fetches that wait are to be asked again with <see cref="RaftCore.AskAgain"/>: the log's end, the high watermark or the role has
    /// changed.
    /// </summary>
    public sealed record WakeFetches : RaftEffect
    {
        /// <summary>The only one there need be.</summary>
        public static readonly WakeFetches Instance = new();
    }
}
