using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>Elections: who may have this node's vote, and how it wins the votes of others (Raft §5.2, KIP-595, KIP-996).</summary>
internal sealed class Voting(Replica replica)
{
    public long NextDeadlineMs =>
        replica.Role switch
        {
            UnattachedRole unattached when MayStand => unattached.ElectionDeadlineMs,
            FollowerRole follower when MayStand => follower.FetchDeadlineMs,
            ProspectiveRole prospective => Math.Min(prospective.DeadlineMs, prospective.Ballot.NextAskMs),
            CandidateRole candidate => Math.Min(candidate.DeadlineMs, candidate.Ballot.NextAskMs),
            _ => long.MaxValue,
        };

    /// <summary>A log that is being changed is no ground to stand on: wait for the change to end.</summary>
    private bool MayStand => replica.Config.IsVoter && replica.Log.IsIdle;

    public void Expire()
    {
        switch (replica.Role)
        {
            case UnattachedRole unattached when MayStand && unattached.ElectionDeadlineMs <= replica.NowMs:
                replica.BecomeProspective(unattached.Leader.IsNode);
                break;
            case FollowerRole follower when MayStand && follower.FetchDeadlineMs <= replica.NowMs:
                replica.BecomeProspective(leaderIsGone: false);
                break;
            case ProspectiveRole prospective when prospective.DeadlineMs <= replica.NowMs:
                GiveUpPreVote(prospective);
                break;
            case CandidateRole candidate when candidate.DeadlineMs <= replica.NowMs:
                replica.FailedElections++;
                replica.BecomeProspective(leaderIsGone: false);
                break;
        }
    }

    /// <summary>Asks whom there is to ask, and counts. True when the role changed.</summary>
    public bool Drive()
    {
        switch (replica.Role)
        {
            case ProspectiveRole { Ballot: var ballot }:
                if (ballot.IsWon)
                {
                    replica.BecomeCandidate(replica.Role.Epoch.Next());
                    return true;
                }

                Ask(ballot, preVote: true);
                return false;
            case CandidateRole candidate:
                // Its own vote counts like any other: once it is on disk.
                if (candidate.Ballot.IsWon && replica.Out.IsPersisted)
                {
                    replica.BecomeLeader(candidate.Ballot.GrantingVoters());
                    return true;
                }

                Ask(candidate.Ballot, preVote: false);
                return false;
            default:
                return false;
        }
    }

    public RaftVoteReply Respond(RaftVoteRequest request)
    {
        if (!replica.Config.IsVoter)
        {
            return Reply(ErrorCode.InconsistentVoterSet, granted: false);
        }

        bool logBelongsToLaterEpoch = request.PreVote ? request.Log.Epoch > request.Epoch : request.Log.Epoch >= request.Epoch;
        if (
            !request.Candidate.IsPresent
            || request.Log.EndOffset < Offset.Zero
            || request.Log.Epoch < LeaderEpoch.Zero
            || logBelongsToLaterEpoch
        )
        {
            return Reply(ErrorCode.InvalidRequest, granted: false);
        }

        if (request.Epoch < replica.Role.Epoch)
        {
            return Reply(ErrorCode.FencedLeaderEpoch, granted: false);
        }

        // Kafka lets a pre-vote's higher epoch unseat anyone. Here a leader that works is not disturbed by a question: a node that is
        // really ahead makes that known when it rejects the leader's BeginQuorumEpoch.
        if (request.Epoch > replica.Role.Epoch && !(request.PreVote && replica.HasWorkingLeader))
        {
            replica.BecomeUnattached(request.Epoch, NodeId.None, ReplicaKey.None, replica.ElectionDeadline());
        }

        if (!IsAddressedToMe(replica, request.Voter))
        {
            return Reply(ErrorCode.InvalidVoterKey, granted: false);
        }

        if (request.Log < replica.Log.EndPosition)
        {
            return Reply(ErrorCode.None, granted: false);
        }

        return Reply(ErrorCode.None, request.PreVote ? !replica.HasWorkingLeader : TryVote(request.Candidate));
    }

    public void Handle(long requestId, RaftVoteReply reply, NodeId? from)
    {
        Ballot? ballot = CurrentBallot;
        int voter = ballot?.Find(requestId) ?? -1;
        if (ballot is null || voter < 0 || replica.Learn(reply.Leader, firsthand: reply.Leader.Leader == from))
        {
            return;
        }

        if (reply.Error == ErrorCode.UnsupportedVersion && replica.Role is ProspectiveRole)
        {
            // A peer that does not know pre-votes: only a real election can tell.
            replica.BecomeCandidate(replica.Role.Epoch.Next());
            return;
        }

        ballot.Responded(voter, reply.Granted && reply.Error == ErrorCode.None);
        switch (replica.Role)
        {
            case ProspectiveRole prospective when ballot.IsLost:
                GiveUpPreVote(prospective);
                break;
            case ProspectiveRole prospective when ballot.IsDoubtful:
                prospective.DeadlineMs = Math.Min(prospective.DeadlineMs, replica.QuickDeadline(replica.FailedElections));
                break;
            case CandidateRole candidate when ballot.IsDoubtful:
                candidate.DeadlineMs = Math.Min(candidate.DeadlineMs, replica.QuickDeadline(replica.FailedElections));
                break;
        }
    }

    public bool Failed(long requestId)
    {
        Ballot? ballot = CurrentBallot;
        int voter = ballot?.Find(requestId) ?? -1;
        if (ballot is null || voter < 0)
        {
            return false;
        }

        ballot.AskAgainAt(voter, replica.QuickDeadline(ballot.Lost(voter)));
        return true;
    }

    /// <summary>The node that a vote request under way was sent to.</summary>
    public NodeId? Target(long requestId) =>
        CurrentBallot?.Find(requestId) is int voter and >= 0 ? replica.Config.Voters.Voters[voter].Id : null;

    /// <summary>True when a request that names its receiver names this replica.</summary>
    public static bool IsAddressedToMe(Replica replica, ReplicaKey voter) => !voter.IsPresent || voter.Admits(replica.Config.Local);

    private Ballot? CurrentBallot =>
        replica.Role switch
        {
            ProspectiveRole prospective => prospective.Ballot,
            CandidateRole candidate => candidate.Ballot,
            _ => null,
        };

    /// <summary>One vote per epoch, none against a leader that was elected; the same replica may ask again.</summary>
    private bool TryVote(ReplicaKey candidate)
    {
        RaftRole role = replica.Role;
        if (role is not (UnattachedRole or ProspectiveRole) || role.Leader.IsNode)
        {
            return false;
        }

        if (role.Voted.IsPresent)
        {
            return role.Voted.Admits(candidate);
        }

        replica.BecomeUnattached(role.Epoch, NodeId.None, candidate, replica.ElectionDeadline());
        return true;
    }

    private void GiveUpPreVote(ProspectiveRole prospective)
    {
        if (prospective.Leader.IsNode && !prospective.LeaderIsGone)
        {
            replica.BecomeFollower(prospective.Epoch, prospective.Leader, prospective.Voted);
            return;
        }

        replica.BecomeUnattached(prospective.Epoch, prospective.Leader, prospective.Voted, replica.QuickDeadline(replica.FailedElections));
        replica.FailedElections++;
    }

    private void Ask(Ballot ballot, bool preVote)
    {
        IReadOnlyList<ReplicaKey> voters = replica.Config.Voters.Voters;
        for (int voter = 0; voter < voters.Count; voter++)
        {
            if (ballot.ShallAsk(voter, replica.NowMs))
            {
                var request = new RaftVoteRequest(
                    voters[voter],
                    replica.Role.Epoch,
                    replica.Config.Local,
                    replica.Log.FlushedPosition,
                    preVote
                );
                ballot.Asked(voter, replica.Out.Send(voters[voter].Id, request));
            }
        }
    }

    private RaftVoteReply Reply(ErrorCode error, bool granted) => new(error, replica.Leader, granted);
}
