using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// One replica of the metadata quorum: decides who leads it and what it has committed, in KRaft's pull form (KIP-595, KIP-630, KIP-996).
/// <para>
/// <b>Use.</b> One input at a time, each with the time on one monotonic clock in milliseconds; after each, <see cref="DrainEffects"/> and
/// start what it gives (the contract is on <see cref="RaftEffect"/>), and call <see cref="Tick"/> when <see cref="NextDeadlineMs"/> has
/// come. Inputs are of three kinds: messages (requests with a caller who waits for the response, replies and failures with the id of the
/// request), completions of the disk, and the owner's wishes. Nothing that promises something leaves before the disk has confirmed it, so
/// the shell has no order of its own to keep.
/// </para>
/// <para>
/// <b>Start-up.</b> A log that is ahead of the stored epoch sets the epoch. Whoever led the stored epoch is Resigned in it. Who had voted
/// for itself stands again in the same epoch, unless its log already has records of it: then it led, and is Resigned. A vote for another
/// binds. A stored leader is followed. Otherwise a voter asks for pre-votes after a few milliseconds. A sole voter leads at once, in a new
/// epoch.
/// </para>
/// <para>
/// <b>Wiped disks.</b> A voter that lost its directory has forgotten its votes; the core cannot know. The shell must not start one on an
/// empty directory unless the cluster is new. A leader does not count fetches of a voter whose directory id changes under its eyes.
/// </para>
/// </summary>
public sealed partial class RaftCore
{
    private readonly Replica _replica;
    private readonly Voting _voting;
    private readonly Leading _leading;
    private readonly Following _following;

    /// <summary>Takes up a replica where its disk left it.</summary>
    /// <param name="config">Who it is, who votes, and the timeouts.</param>
    /// <param name="stored">The election state on disk; <see cref="ElectionState.Initial"/> for a new directory.</param>
    /// <param name="log">The recovered log.</param>
    /// <param name="random">Chance.</param>
    /// <param name="nowMs">The time.</param>
    /// <exception cref="InvariantException">What recovery gives contradicts itself.</exception>
    public RaftCore(RaftConfig config, ElectionState stored, RecoveredLog log, IElectionRandom random, long nowMs)
    {
        _replica = new Replica(config, stored, log, random, nowMs);
        _voting = new Voting(_replica);
        _leading = new Leading(_replica);
        _following = new Following(_replica);
        TakeUpRole(stored);
        Settle();
    }

    /// <summary>The present role.</summary>
    public RaftRole Role => _replica.Role;

    /// <summary>The leader and epoch as this node knows them; no leader when it is known to be gone.</summary>
    public LeaderAndEpoch Leader => _replica.Leader;

    /// <summary>Everything below is committed.</summary>
    public Offset HighWatermark => _replica.HighWatermark;

    /// <summary>The end of the log as reported.</summary>
    public Offset LogEnd => _replica.Log.End;

    /// <summary>Everything below is on this node's disk.</summary>
    public Offset FlushedEnd => _replica.Log.Flushed;

    /// <summary>When <see cref="Tick"/> must be called at the latest; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDeadlineMs => Math.Min(_voting.NextDeadlineMs, Math.Min(_leading.NextDeadlineMs, _following.NextDeadlineMs));

    /// <summary>
    /// False when a request speaks in an epoch that this replica has left. Its receiver would reject it, and what it says may not be so any
    /// more: a fetch claims the end that the log had then. A shell that had to wait before it could send asks this again.
    /// </summary>
    public bool IsCurrent(RaftRequest request) => request.Epoch == _replica.Role.Epoch;

    /// <summary>Moves the effects of the last input to the end of <paramref name="target"/>, in order.</summary>
    public void DrainEffects(List<RaftEffect> target) => _replica.Out.DrainTo(target);

    /// <summary>Time has passed.</summary>
    public void Tick(long nowMs)
    {
        Begin(nowMs);
        Settle();
    }

    /// <summary>
    /// A peer asks for a vote or pre-vote; the response leaves by <see cref="RaftEffect.SendReply"/> to <paramref name="caller"/>.
    /// </summary>
    public void HandleVote(long nowMs, long caller, RaftVoteRequest request)
    {
        Begin(nowMs);
        if (_replica.Out.IsFull)
        {
            _replica.Out.Reject(caller, new RaftVoteReply(ErrorCode.RequestTimedOut, _replica.Leader, Granted: false));
        }
        else
        {
            _replica.Out.Reply(caller, _voting.Respond(request));
        }

        Settle();
    }

    /// <summary>A leader makes itself known; the response leaves by <see cref="RaftEffect.SendReply"/>.</summary>
    public void HandleBeginEpoch(long nowMs, long caller, RaftBeginEpochRequest request)
    {
        Begin(nowMs);
        if (_replica.Out.IsFull)
        {
            _replica.Out.Reject(caller, new RaftEpochReply(ErrorCode.RequestTimedOut, _replica.Leader));
        }
        else
        {
            _replica.Out.Reply(caller, _following.Respond(request));
        }

        Settle();
    }

    /// <summary>A leader resigns; the response leaves by <see cref="RaftEffect.SendReply"/>.</summary>
    public void HandleEndEpoch(long nowMs, long caller, RaftEndEpochRequest request)
    {
        Begin(nowMs);
        if (_replica.Out.IsFull)
        {
            _replica.Out.Reject(caller, new RaftEpochReply(ErrorCode.RequestTimedOut, _replica.Leader));
        }
        else
        {
            _replica.Out.Reply(caller, _following.Respond(request));
        }

        Settle();
    }

    /// <summary>
    /// A replica fetches. For <see cref="FetchDecisionKind.Wait"/> the shell keeps the request and uses <see cref="AskAgain"/>.
    /// </summary>
    public FetchDecision HandleFetch(long nowMs, RaftFetchRequest request)
    {
        Begin(nowMs);
        _leading.Count(request);
        Settle();
        return _leading.Respond(request, mayWait: true);
    }

    /// <summary>
    /// Asks again how to respond to a fetch that waits. Changes nothing but the high watermark that its sender is known to have.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="isOver">True when its time is over and it gets a response, if with nothing.</param>
    public FetchDecision AskAgain(RaftFetchRequest request, bool isOver) => _leading.Respond(request, mayWait: !isOver);

    /// <summary>A replica fetches a piece of a snapshot. Without an error, the shell reads it if it has that snapshot.</summary>
    public RaftEpochReply HandleFetchSnapshot(long nowMs, RaftFetchSnapshotRequest request)
    {
        Begin(nowMs);
        RaftEpochReply response = _leading.Respond(request);
        Settle();
        return response;
    }

    /// <summary>The reply to a vote request.</summary>
    public void HandleVoteReply(long nowMs, long requestId, RaftVoteReply reply)
    {
        Begin(nowMs);
        _voting.Handle(requestId, reply, _voting.Target(requestId));
        Settle();
    }

    /// <summary>The reply to BeginQuorumEpoch or EndQuorumEpoch.</summary>
    public void HandleEpochReply(long nowMs, long requestId, RaftEpochReply reply)
    {
        Begin(nowMs);
        _leading.Handle(requestId, reply);
        Settle();
    }

    /// <summary>The reply to a fetch.</summary>
    public void HandleFetchReply(long nowMs, long requestId, RaftFetchReply reply)
    {
        Begin(nowMs);
        _following.Handle(requestId, reply);
        Settle();
    }

    /// <summary>The reply to a fetch of a snapshot.</summary>
    public void HandleFetchSnapshotReply(long nowMs, long requestId, RaftFetchSnapshotReply reply)
    {
        Begin(nowMs);
        _following.Handle(requestId, reply);
        Settle();
    }

    /// <summary>A request will get no reply: no connection, or it broke.</summary>
    public void RequestFailed(long nowMs, long requestId)
    {
        Begin(nowMs);
        if (!_voting.Failed(requestId))
        {
            _leading.Failed(requestId);
            _following.Failed(requestId);
        }

        Settle();
    }

    /// <summary>A node is gone: its connection closed and a new one is refused. Silence is no such evidence.</summary>
    public void PeerGone(long nowMs, NodeId peer)
    {
        Begin(nowMs);
        _following.PeerGone(peer);
        Settle();
    }

    /// <summary>The election state with this token, or a later one, is on disk.</summary>
    public void ElectionStatePersisted(long nowMs, long token)
    {
        Begin(nowMs);
        _replica.Out.Persisted(token);
        Settle();
    }

    /// <summary>
    /// Batches of one epoch were appended: the LeaderChange, records that <see cref="PrepareAppend"/> granted, or a run of fetched ones.
    /// </summary>
    /// <param name="nowMs">The time.</param>
    /// <param name="endOffset">The log's end now.</param>
    /// <param name="epoch">The epoch of the batches.</param>
    public void LogAppended(long nowMs, Offset endOffset, LeaderEpoch epoch)
    {
        // Before anything that is overdue: the append happened in the role that it was granted in.
        _replica.Advance(nowMs);
        LogView log = _replica.Log;
        bool isLeaderChange = log.Operation == LogOperation.AppendLeaderChange;
        Invariant.Holds(
            isLeaderChange
                || log.Operation == LogOperation.AppendFetched
                || (log.IsIdle && _replica.Role is LeaderRole { IsAnnounced: true } leader && leader.Epoch == epoch),
            "R-07",
            "an append that the core did not ask for or grant"
        );
        Offset baseOffset = log.End;
        log.Append(endOffset, epoch);
        if (isLeaderChange)
        {
            log.CompleteLeaderChange();
        }

        if (log.IsIdle)
        {
            _leading.Appended(baseOffset, epoch, isLeaderChange);
        }

        Begin(nowMs);
        Settle();
    }

    /// <summary>The fetched batches with this token are appended, as far as they were sound.</summary>
    public void FetchedAppended(long nowMs, long token, bool anySound)
    {
        Begin(nowMs);
        if (_replica.Log.TryComplete(LogOperation.AppendFetched, token, out Offset highWatermark))
        {
            _following.FetchedAppended(highWatermark, anySound);
        }

        Settle();
    }

    /// <summary>The log is on disk up to here, as the log itself says at this moment.</summary>
    public void LogFlushed(long nowMs, Offset upTo)
    {
        Begin(nowMs);
        _replica.Log.FlushedUpTo(upTo);
        Settle();
    }

    /// <summary>The truncation with this token is done.</summary>
    /// <param name="nowMs">The time.</param>
    /// <param name="token">The effect's token.</param>
    /// <param name="endOffset">The log's end now; at most what was asked for.</param>
    /// <param name="flushed">How much of that is on disk.</param>
    public void LogTruncated(long nowMs, long token, Offset endOffset, Offset flushed)
    {
        Begin(nowMs);
        if (_replica.Log.TryComplete(LogOperation.Truncate, token, out _))
        {
            Invariant.Holds(
                endOffset <= _replica.Log.End && endOffset >= _replica.HighWatermark,
                "R-06",
                "committed records were truncated"
            );
            _replica.Log.Truncate(endOffset, flushed);
        }

        Settle();
    }

    /// <summary>The snapshot with this token has replaced the log.</summary>
    public void SnapshotInstalled(long nowMs, long token, SnapshotId snapshot)
    {
        Begin(nowMs);
        if (_replica.Log.TryComplete(LogOperation.Install, token, out _))
        {
            Invariant.Holds(snapshot.EndOffset >= _replica.HighWatermark, "R-05", "a snapshot without what is committed replaced the log");
            _replica.Log.Install(snapshot);
            _replica.Commit(snapshot.EndOffset);
        }

        Settle();
    }

    /// <summary>The snapshot with this token is not sound and was thrown away; the log is as it was.</summary>
    public void SnapshotRejected(long nowMs, long token)
    {
        Begin(nowMs);
        if (_replica.Log.TryComplete(LogOperation.Install, token, out _))
        {
            _following.SnapshotRejected();
        }

        Settle();
    }

    /// <summary>This node has written a snapshot of what is committed; fetches that need older records may get it.</summary>
    public void SnapshotTaken(long nowMs, SnapshotId snapshot)
    {
        Begin(nowMs);
        Invariant.Holds(snapshot.EndOffset <= _replica.HighWatermark, "R-08", "a snapshot holds records that are not committed");
        _replica.Log.SnapshotTaken(snapshot);
        Settle();
    }

    /// <summary>The log lost its oldest records: it now begins where this snapshot, the newest one or an older, ends.</summary>
    public void LogStartAdvanced(long nowMs, SnapshotId start)
    {
        Begin(nowMs);
        _replica.Log.AdvanceStart(start);
        Settle();
    }

    /// <summary>Asks where a leader may append next. Not granted before its leadership is on disk and its epoch is opened.</summary>
    public AppendGrant PrepareAppend() => _leading.PrepareAppend();

    /// <summary>
    /// Gives the leadership up, if this node has it, and lets the others know who should follow: for a controlled shutdown.
    /// </summary>
    public void Resign(long nowMs)
    {
        Begin(nowMs);
        if (_replica.Role is LeaderRole leader)
        {
            _leading.Resign(leader);
        }

        Settle();
    }

    /// <summary>The quorum as this node sees it.</summary>
    public QuorumStatus DescribeQuorum(long nowMs)
    {
        _replica.Advance(nowMs);
        return _leading.Describe();
    }

    /// <summary>First what is overdue: a process that was stopped finds out that it is late before it speaks.</summary>
    private void Begin(long nowMs)
    {
        _replica.Advance(nowMs);
        _leading.Expire();
        _following.Expire();
        _voting.Expire();
    }

    /// <summary>Does what the state calls for now, until nothing changes: at most Prospective, Candidate, Leader in a row.</summary>
    private void Settle()
    {
        _voting.Expire();
        while (_voting.Drive()) { }

        _leading.Drive();
        _following.Drive();
    }

    partial void SeededBugStandsAgain(ref ElectionState stored, ref bool hasLed);

    private void TakeUpRole(ElectionState stored)
    {
        RaftConfig config = _replica.Config;
        LeaderEpoch logEpoch = _replica.Log.LastEpoch;
        bool hasLed =
            _replica.IsSelf(stored.Leader) || (!stored.Leader.IsNode && _replica.IsSelf(stored.Voted.Id) && logEpoch == stored.Epoch);
        SeededBugStandsAgain(ref stored, ref hasLed);
        if (logEpoch > stored.Epoch)
        {
            _replica.BecomeUnattached(logEpoch, NodeId.None, ReplicaKey.None, _replica.QuickDeadline(0));
        }
        else if (config.IsSoleVoter)
        {
            _replica.BecomeUnattached(stored.Epoch, NodeId.None, stored.Voted, _replica.NowMs);
        }
        else if (config.IsVoter && hasLed)
        {
            _replica.BecomeResigned(stored.Epoch, []);
        }
        else if (config.IsVoter && stored.Voted.IsPresent && stored.Voted.Admits(config.Local) && !stored.Leader.IsNode)
        {
            _replica.BecomeCandidate(stored.Epoch);
        }
        else if (config.Voters.Contains(stored.Leader) && !_replica.IsSelf(stored.Leader))
        {
            _replica.BecomeFollower(stored.Epoch, stored.Leader, stored.Voted);
        }
        else
        {
            _replica.BecomeUnattached(stored.Epoch, stored.Leader, stored.Voted, _replica.QuickDeadline(0));
        }
    }
}
