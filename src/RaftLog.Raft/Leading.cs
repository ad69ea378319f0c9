using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// What a leader does: open its epoch, be known, serve fetches, count who has what, and leave when it is alone (KIP-595).
/// </summary>
internal sealed partial class Leading(Replica replica)
{
    public long NextDeadlineMs
    {
        get
        {
            if (replica.Role is ResignedRole resigned)
            {
                return NextOf(resigned);
            }

            if (replica.Role is not LeaderRole leader)
            {
                return long.MaxValue;
            }

            long next = QuorumLostAt(leader);
            for (int voter = 0; voter < leader.Voters.Length; voter++)
            {
                next = IsSelf(voter) ? next : Math.Min(next, leader.Voters[voter].RemindAtMs);
            }

            return next;
        }
    }

    private IReadOnlyList<ReplicaKey> Voters => replica.Config.Voters.Voters;

    public void Expire()
    {
        if (replica.Role is LeaderRole leader && QuorumLostAt(leader) <= replica.NowMs)
        {
            Resign(leader);
        }
        else if (replica.Role is ResignedRole resigned && resigned.DeadlineMs <= replica.NowMs)
        {
            replica.BecomeUnattached(resigned.Epoch.Next(), NodeId.None, ReplicaKey.None, replica.QuickDeadline(0));
        }
    }

    public void Drive()
    {
        if (replica.Role is LeaderRole leader)
        {
            OpenEpoch(leader);
            Remind(leader);
            UpdateHighWatermark(leader);
        }
        else if (replica.Role is ResignedRole resigned)
        {
            TellEnd(resigned);
        }
    }

    public AppendGrant PrepareAppend() =>
        replica.Role is LeaderRole { IsAnnounced: true } leader && replica.Log.IsIdle
            ? new AppendGrant(ErrorCode.None, leader.Epoch, replica.Log.End)
            : new AppendGrant(ErrorCode.NotController, replica.Role.Epoch, Offset.None);

    /// <summary>The shell has appended a LeaderChange or, for a leader, records.</summary>
    public void Appended(Offset baseOffset, LeaderEpoch epoch, bool isLeaderChange)
    {
        if (isLeaderChange && replica.Role is LeaderRole leader && leader.Epoch == epoch)
        {
            leader.EpochStart = baseOffset;
        }

        replica.Out.WakeFetches();
    }

    /// <summary>A fetch has come: notes that its sender follows, and what it has when its log agrees with this one.</summary>
    public void Count(RaftFetchRequest request)
    {
        if (CheckFetch(request) == ErrorCode.None)
        {
            bool agrees = replica.Log.Compare(request.Position, out _) == LogMatch.Same;
            Count(request.Replica, agrees ? request.Position.EndOffset : Offset.None);
        }
    }

    /// <summary>What to reply to a fetch that has been counted.</summary>
    public FetchDecision Respond(RaftFetchRequest request, bool mayWait)
    {
        ErrorCode error = CheckFetch(request);
        if (error != ErrorCode.None)
        {
            return DecisionOf(FetchDecisionKind.Error) with { Error = error };
        }

        if (replica.Role is not LeaderRole { IsAnnounced: true } leader)
        {
            // Nothing of an epoch may be seen before the leadership is on disk: after a crash it could be led a second time.
            return mayWait
                ? DecisionOf(FetchDecisionKind.Wait)
                : DecisionOf(FetchDecisionKind.Error) with
                {
                    Error = ErrorCode.LeaderNotAvailable,
                };
        }

        LogMatch match = replica.Log.Compare(request.Position, out LogPosition common);
        FetchRecord? record = RecordOf(leader, request.Replica);
        switch (match)
        {
            case LogMatch.NeedsSnapshot:
                return DecisionOf(FetchDecisionKind.Snapshot) with { Snapshot = replica.Log.LatestSnapshot };
            case LogMatch.Diverging:
                return DecisionOf(FetchDecisionKind.Diverging) with { Diverging = common };
        }

        // A new leader may know less of the high watermark than who asks: answered at once, that one would ask again without end.
        Offset? known = request.KnownHighWatermark.IsOffset() ? request.KnownHighWatermark : record?.SentHighWatermark;
        bool isUpdate = request.Position.EndOffset < replica.Log.End || (request.Replica.IsPresent && replica.HighWatermark > known);
        if (mayWait && !isUpdate)
        {
            return DecisionOf(FetchDecisionKind.Wait);
        }

        record?.SentHighWatermark = replica.HighWatermark;
        return DecisionOf(FetchDecisionKind.Records) with { ReadFrom = request.Position.EndOffset };
    }

    /// <summary>Whether a piece of a snapshot may be served; which snapshots there are is the shell's knowledge.</summary>
    public RaftEpochReply Respond(RaftFetchSnapshotRequest request)
    {
        ErrorCode error = CheckRequest(request.Epoch);
        if (error == ErrorCode.None && request.Position < 0)
        {
            error = ErrorCode.PositionOutOfRange;
        }

        if (error == ErrorCode.None)
        {
            Count(request.Replica, Offset.None);
        }

        return new RaftEpochReply(error, replica.DurableLeader);
    }

    /// <summary>A voter answered BeginQuorumEpoch or EndQuorumEpoch.</summary>
    public void Handle(long requestId, RaftEpochReply reply)
    {
        if (replica.Role is ResignedRole resigned)
        {
            for (int voter = 0; voter < resigned.Notices.Length; voter++)
            {
                resigned.Notices[voter].IsAcknowledged |= resigned.Notices[voter].RequestId == requestId && reply.Error == ErrorCode.None;
            }
        }

        replica.Learn(reply.Leader, firsthand: false);
    }

    public void Failed(long requestId)
    {
        if (replica.Role is not ResignedRole resigned)
        {
            return;
        }

        for (int voter = 0; voter < resigned.Notices.Length; voter++)
        {
            if (resigned.Notices[voter].RequestId == requestId)
            {
                resigned.Notices[voter].SendAtMs = replica.NowMs + replica.Config.RetryBackoffMs;
            }
        }
    }

    public void Resign(LeaderRole leader)
    {
        IEnumerable<NodeId> successors = leader
            .Voters.Where(voter => !replica.IsSelf(voter.Voter.Id))
            .OrderByDescending(voter => voter.Fetches.End)
            .ThenBy(voter => voter.Voter.Id)
            .Select(voter => voter.Voter.Id);
        replica.BecomeResigned(leader.Epoch, [.. successors]);
    }

    public QuorumStatus Describe()
    {
        if (replica.Role is not LeaderRole leader)
        {
            return new QuorumStatus(replica.Leader, replica.HighWatermark, [], []);
        }

        List<ReplicaDescription> voters = [];
        for (int voter = 0; voter < leader.Voters.Length; voter++)
        {
            voters.Add(
                IsSelf(voter)
                    ? new ReplicaDescription(replica.Config.Local, replica.Log.End, replica.NowMs, replica.NowMs)
                    : leader.Voters[voter].Fetches.Describe(leader.Voters[voter].Voter)
            );
        }

        return new QuorumStatus(replica.Leader, replica.HighWatermark, voters, leader.Observers.Describe(replica.NowMs));
    }

    private bool IsSelf(int voter) => replica.IsSelf(Voters[voter].Id);

    private void OpenEpoch(LeaderRole leader)
    {
        if (!leader.EpochStart.IsOffset() && replica.Log.IsIdle)
        {
            replica.Log.Begin(LogOperation.AppendLeaderChange, Offset.None);
            replica.Out.Tell(
                new RaftEffect.AppendLeaderChange(leader.Epoch, replica.Log.End, leader.Leader, Voters, leader.GrantingVoters)
            );
        }
        else if (leader.EpochStart.IsOffset() && !leader.IsAnnounced && replica.Out.IsPersisted)
        {
            leader.IsAnnounced = true;
            replica.Out.Tell(new RaftEffect.LeadershipGained(leader.Epoch, leader.EpochStart));
            replica.Out.WakeFetches();
        }
    }

    private void Remind(LeaderRole leader)
    {
        for (int voter = 0; voter < leader.Voters.Length; voter++)
        {
            VoterProgress progress = leader.Voters[voter];
            if (!IsSelf(voter) && progress.RemindAtMs <= replica.NowMs)
            {
                progress.RemindAtMs = replica.NowMs + (replica.Config.FetchTimeoutMs / 2);
                replica.Out.Send(Voters[voter].Id, new RaftBeginEpochRequest(Voters[voter], leader.Leader, leader.Epoch));
            }
        }
    }

    private void TellEnd(ResignedRole resigned)
    {
        for (int voter = 0; voter < resigned.Notices.Length; voter++)
        {
            ref ResignedRole.EndOfEpoch notice = ref resigned.Notices[voter];
            if (!IsSelf(voter) && !notice.IsAcknowledged && notice.SendAtMs <= replica.NowMs)
            {
                notice.RequestId = replica.Out.Send(
                    Voters[voter].Id,
                    new RaftEndEpochRequest(resigned.Leader, resigned.Epoch, resigned.Successors)
                );
                notice.SendAtMs = replica.NowMs + replica.Config.RequestTimeoutMs;
            }
        }
    }

    private void UpdateHighWatermark(LeaderRole leader)
    {
        if (!leader.EpochStart.IsOffset())
        {
            return;
        }

        for (int voter = 0; voter < leader.Voters.Length; voter++)
        {
            leader.Scratch[voter] = IsSelf(voter) ? replica.Log.Flushed.Value : leader.Voters[voter].Fetches.End.Value;
        }

        replica.Commit(QuorumArithmetic.HighWatermark(leader.Scratch, leader.EpochStart, replica.HighWatermark));
    }

    /// <summary>When the last contact with a majority, this node included, will be too long ago.</summary>
    private long QuorumLostAt(LeaderRole leader)
    {
        if (leader.Voters.Length == 1)
        {
            return long.MaxValue;
        }

        for (int voter = 0; voter < leader.Voters.Length; voter++)
        {
            leader.Scratch[voter] = IsSelf(voter) ? replica.NowMs : leader.Voters[voter].ContactMs;
        }

        long lostAtMs = QuorumArithmetic.ReachedByMajority(leader.Scratch) + replica.Config.CheckQuorumMs;
        SeededBugNeverResigns(ref lostAtMs);
        return lostAtMs;
    }

    static partial void SeededBugNeverResigns(ref long lostAtMs);

    private long NextOf(ResignedRole resigned)
    {
        long next = resigned.DeadlineMs;
        for (int voter = 0; voter < resigned.Notices.Length; voter++)
        {
            if (!IsSelf(voter) && !resigned.Notices[voter].IsAcknowledged)
            {
                next = Math.Min(next, resigned.Notices[voter].SendAtMs);
            }
        }

        return next;
    }

    private ErrorCode CheckRequest(LeaderEpoch epoch) =>
        epoch < replica.Role.Epoch ? ErrorCode.FencedLeaderEpoch
        : epoch > replica.Role.Epoch ? ErrorCode.UnknownLeaderEpoch
        : replica.Role is not LeaderRole ? ErrorCode.NotLeaderOrFollower
        : ErrorCode.None;

    private ErrorCode CheckFetch(RaftFetchRequest request)
    {
        ErrorCode error = CheckRequest(request.Epoch);
        LogPosition position = request.Position;
        bool isSound = position.EndOffset >= Offset.Zero && position.Epoch >= LeaderEpoch.Zero && position.Epoch <= request.Epoch;
        return error != ErrorCode.None || isSound ? error : ErrorCode.InvalidRequest;
    }

    /// <summary>Notes that a replica was here; <paramref name="end"/> is what it has, or <see cref="Offset.None"/>.</summary>
    private void Count(ReplicaKey from, Offset end)
    {
        if (replica.Role is not LeaderRole leader || RecordOf(leader, from) is not { } record)
        {
            return;
        }

        if (VoterOf(leader, from) is { } voter)
        {
            voter.ContactMs = replica.NowMs;
            voter.RemindAtMs = replica.NowMs + (replica.Config.FetchTimeoutMs / 2);
        }

        if (end.IsOffset())
        {
            record.Fetched(end, replica.Log.End, replica.NowMs);
        }
        else
        {
            record.Touch(replica.NowMs);
        }
    }

    private FetchRecord? RecordOf(LeaderRole leader, ReplicaKey from) =>
        !from.IsPresent || replica.IsSelf(from.Id) ? null
        : VoterOf(leader, from) is { } voter ? voter.Fetches
        : leader.Observers.Find(from, replica.NowMs);

    private VoterProgress? VoterOf(LeaderRole leader, ReplicaKey from)
    {
        int voter = replica.Config.Voters.IndexOf(from.Id);
        return voter >= 0 && leader.Voters[voter].Admits(from) ? leader.Voters[voter] : null;
    }

    private FetchDecision DecisionOf(FetchDecisionKind kind) =>
        new(
            kind,
            ErrorCode.None,
            replica.DurableLeader,
            replica.HighWatermark,
            replica.Log.Start.EndOffset,
            Offset.None,
            replica.Log.End,
            default,
            default
        );
}
