using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// What a replica does that follows: fetch from the leader, agree with its log, and find it when it moved. One request at a time, none
/// while the log is being changed, and for a voter none before what it has is on disk: its fetch is its vote for what is committed.
/// </summary>
internal sealed partial class Following(Replica replica)
{
    public long NextDeadlineMs
    {
        get
        {
            PendingFetch? session = Session;
            return session is null ? long.MaxValue
                : session.IsWaiting ? session.GiveUpMs
                : MayFetch ? session.RetryAtMs
                : long.MaxValue;
        }
    }

    private PendingFetch? Session =>
        replica.Role switch
        {
            FollowerRole follower => follower.Fetch,
            UnattachedRole unattached when !replica.Config.IsVoter => unattached.Fetch,
            _ => null,
        };

    private bool MayFetch => replica.Log.IsIdle && (!replica.Config.IsVoter || replica.Log.Flushed == replica.Log.End);

    public void Expire()
    {
        if (Session is { IsWaiting: true } session && session.GiveUpMs <= replica.NowMs)
        {
            Lost(session);
        }
    }

    public void Drive()
    {
        if (Session is not { IsWaiting: false } session || !MayFetch || session.RetryAtMs > replica.NowMs)
        {
            return;
        }

        NodeId leader = replica.Role is FollowerRole ? replica.Role.Leader : NodeId.None;
        if (!leader.IsNode && !session.IsSearching)
        {
            BeginSearch(session);
        }

        bool searches = session.TakeSearch();
        NodeId target =
            !searches && leader.IsNode ? leader
            : searches && session.Target.IsNode && session.Target != leader ? replica.VoterAfter(session.Target, leader)
            : replica.AnyVoterBut(leader);
        RaftRequest request =
            session.Download is { } download && target == leader
                ? new RaftFetchSnapshotRequest(replica.Config.Local, replica.Role.Epoch, download.Snapshot, download.Position)
                : new RaftFetchRequest(replica.Config.Local, replica.Role.Epoch, replica.Log.EndPosition, replica.HighWatermark);
        int patienceMs = searches ? session.SearchPatienceMs(replica.Config.RequestTimeoutMs) : replica.Config.RequestTimeoutMs;
        session.Sent(replica.Out.Send(target, request), target, replica.NowMs + patienceMs);
    }

    public void Handle(long requestId, RaftFetchReply reply)
    {
        if (Session is not { } session || !TryTake(session, requestId, reply, out FollowerRole? follower))
        {
            return;
        }

        if (reply.Diverging is { } diverging)
        {
            Truncate(session, diverging);
        }
        else if (reply.Snapshot is { } snapshot)
        {
            Invariant.Holds(snapshot.EndOffset >= replica.HighWatermark, "R-05", "the leader's snapshot lacks what is committed");
            follower.Fetch.Download = new PendingFetch.SnapshotDownload(snapshot);
        }
        else if (reply.HasRecords)
        {
            long token = replica.Log.Begin(LogOperation.AppendFetched, reply.HighWatermark);
            replica.Out.Tell(new RaftEffect.AppendFetched(token, requestId));
        }
        else
        {
            replica.Commit(reply.HighWatermark);
        }
    }

    public void Handle(long requestId, RaftFetchSnapshotReply reply)
    {
        if (Session is not { } session || !TryTake(session, requestId, reply, out _) || session.Download is not { } download)
        {
            return;
        }

        bool isNext =
            reply.Snapshot == download.Snapshot
            && reply.Position == download.Position
            && reply.Length > 0
            && reply.Length <= reply.Size - reply.Position;
        if (!isNext)
        {
            // Not what was asked for: begin again with a fetch.
            session.Download = null;
            session.Pause(replica.NowMs + replica.Config.RetryBackoffMs);
            return;
        }

        replica.Out.Tell(new RaftEffect.WriteSnapshotChunk(requestId, download.Snapshot, download.Position));
        download.Position += reply.Length;
        if (download.Position == reply.Size)
        {
            session.Download = null;
            long token = replica.Log.Begin(LogOperation.Install, Offset.None);
            replica.Out.Tell(new RaftEffect.InstallSnapshot(token, download.Snapshot));
        }
    }

    /// <summary>The shell has dealt with the records of a reply.</summary>
    public void FetchedAppended(Offset highWatermark, bool isLonger)
    {
        if (!isLonger)
        {
            Session?.Pause(replica.NowMs + replica.Config.RetryBackoffMs);
        }

        replica.Commit(highWatermark);
    }

    public void SnapshotRejected() => Session?.Pause(replica.NowMs + replica.Config.RetryBackoffMs);

    public void Failed(long requestId)
    {
        if (Session is { } session && session.TryEnd(requestId))
        {
            Lost(session);
        }
    }

    /// <summary>A leader makes itself known.</summary>
    public RaftEpochReply Respond(RaftBeginEpochRequest request)
    {
        ErrorCode error = CheckLeader(request.Leader, request.Epoch);
        if (error == ErrorCode.None)
        {
            replica.Learn(new LeaderAndEpoch(request.Leader, request.Epoch), firsthand: true);
            error = Voting.IsAddressedToMe(replica, request.Voter) ? ErrorCode.None : ErrorCode.InvalidVoterKey;
        }

        return new RaftEpochReply(error, replica.Leader);
    }

    /// <summary>A leader resigns: its successors stand in the order of what they have.</summary>
    public RaftEpochReply Respond(RaftEndEpochRequest request)
    {
        ErrorCode error = CheckLeader(request.Leader, request.Epoch);
        if (error == ErrorCode.None)
        {
            if (request.Epoch > replica.Role.Epoch)
            {
                replica.BecomeUnattached(request.Epoch, request.Leader, ReplicaKey.None, SuccessorDeadline(request.PreferredSuccessors));
            }
            else if (replica.Role is FollowerRole)
            {
                replica.FailedElections = 0;
                replica.LoseLeader(SuccessorDeadline(request.PreferredSuccessors));
            }
        }

        return new RaftEpochReply(error, replica.Leader);
    }

    /// <summary>The node's connection was closed and nobody listens there any more.</summary>
    public void PeerGone(NodeId peer)
    {
        if (replica.Role is FollowerRole follower && follower.Leader == peer)
        {
            replica.FailedElections = 0;
            replica.LoseLeader(replica.QuickDeadline(0));
        }
        else if (replica.Role is ProspectiveRole { LeaderIsGone: false } prospective && prospective.Leader == peer)
        {
            replica.FailedElections = 0;
            replica.LoseLeader(replica.QuickDeadline(0));
        }
    }

    private ErrorCode CheckLeader(NodeId leader, LeaderEpoch epoch) =>
        epoch < replica.Role.Epoch ? ErrorCode.FencedLeaderEpoch
        : !replica.Config.Voters.Contains(leader) || replica.IsSelf(leader) ? ErrorCode.InvalidRequest
        : ErrorCode.None;

    /// <summary>
    /// The first successor stands at once, each further one after twice the time of the one before, a voter that is not listed after the
    /// longest time. A leader that restarted knows no successors: then chance decides.
    /// </summary>
    private long SuccessorDeadline(IReadOnlyList<NodeId> successors)
    {
        int longest = replica.Config.ElectionBackoffMaxMs;
        for (int place = 0; place < Math.Min(successors.Count, VoterSet.MaxVoters); place++)
        {
            if (replica.IsSelf(successors[place]))
            {
                return replica.NowMs + (place == 0 ? 0 : Math.Min(longest, (longest >> (successors.Count - 1)) << (place - 1)));
            }
        }

        return successors.Count == 0 ? replica.QuickDeadline(0) : replica.NowMs + longest;
    }

    /// <summary>
    /// Takes a reply to the request under way; true when it is a success of the leader that this replica follows. Anything else has been
    /// dealt with.
    /// </summary>
    private bool TryTake(
        PendingFetch session,
        long requestId,
        RaftReply reply,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out FollowerRole? follower
    )
    {
        follower = replica.Role as FollowerRole;
        if (!session.TryEnd(requestId))
        {
            return false;
        }

        session.EndSearch();
        if (replica.Learn(reply.Leader, firsthand: reply.Leader.Leader == session.Target))
        {
            return false;
        }

        bool isFromLeader = follower is not null && session.Target == follower.Leader && reply.Leader.Epoch == follower.Epoch;
        if (isFromLeader && reply.Error == ErrorCode.None)
        {
            follower!.HasFetched = true;
            follower.FetchDeadlineMs = replica.NowMs + replica.Config.FetchTimeoutMs;
            replica.FailedElections = 0;
            return true;
        }

        if (isFromLeader)
        {
            session.Download = null;
        }

        session.Pause(replica.NowMs + replica.Config.RetryBackoffMs);
        if (isFromLeader && reply.Error == ErrorCode.NotLeaderOrFollower)
        {
            // In the same epoch it does not lead any more: it has resigned, or restarted.
            replica.LoseLeader(replica.QuickDeadline(0));
        }

        return false;
    }

    private void Truncate(PendingFetch session, LogPosition diverging)
    {
        Offset target = Offset.Min(diverging.EndOffset, replica.Log.EndOfEpoch(diverging.Epoch).EndOffset);
        if (target >= replica.Log.End)
        {
            session.Pause(replica.NowMs + replica.Config.RetryBackoffMs);
            return;
        }

        Invariant.Holds(
            target >= replica.HighWatermark,
            "R-06",
            $"the leader's log differs below the high watermark {replica.HighWatermark}: truncation to {target}"
        );
        long token = replica.Log.Begin(LogOperation.Truncate, Offset.None);
        replica.Log.Truncate(target, replica.Log.Flushed);
        replica.Out.Tell(new RaftEffect.TruncateLog(token, target));
    }

    private void Lost(PendingFetch session)
    {
        bool wasLeader = replica.Role is FollowerRole && session.Target == replica.Role.Leader;
        session.GiveUp();
        long pauseMs = replica.Config.RetryBackoffMs;
        SeededBugRests(ref pauseMs);
        session.Pause(replica.NowMs + pauseMs);
        if (wasLeader)
        {
            // It may be cut off, and voters may be as well: others are asked before it is again.
            BeginSearch(session);
        }

        if (replica.Role is FollowerRole { HasFetched: false } && wasLeader)
        {
            // It is known by hearsay or from before a restart only, and does not answer.
            replica.LoseLeader(replica.QuickDeadline(replica.FailedElections));
        }
    }

    private void BeginSearch(PendingFetch session) =>
        session.BeginSearch(replica.Config.Voters.Voters.Count(voter => voter.Id != replica.Role.Leader && !replica.IsSelf(voter.Id)));

    static partial void SeededBugRests(ref long pauseMs);
}
