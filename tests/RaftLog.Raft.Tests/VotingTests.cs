using RaftLog.Protocol;
using static RaftLog.Raft.Tests.CoreRig;

namespace RaftLog.Raft.Tests;

public sealed class VotingTests
{
    [Fact]
    public void A_vote_is_not_answered_before_it_is_on_disk()
    {
        var rig = new CoreRig { HoldsState = true };
        long caller = 77;
        rig.Do(core =>
            core.HandleVote(rig.Now, caller, new RaftVoteRequest(ReplicaKey.None, new LeaderEpoch(1), Key(2), At(0, 0), PreVote: false))
        );
        Assert.False(rig.Has<RaftEffect.SendReply>());
        rig.ReleaseState();
        Assert.True(Assert.IsType<RaftVoteReply>(rig.TakeReply(caller)).Granted);
    }

    [Fact]
    public void A_candidate_asks_nobody_before_its_own_vote_is_on_disk()
    {
        var rig = new CoreRig();
        rig.WaitUntil(() => rig.Core.Role is ProspectiveRole);
        rig.HoldsState = true;
        rig.WinVotes();
        Assert.IsType<CandidateRole>(rig.Core.Role);
        Assert.Empty(rig.TakeRequests<RaftVoteRequest>());
        rig.ReleaseState();
        Assert.Equal(2, rig.TakeRequests<RaftVoteRequest>().Count);
    }

    [Fact]
    public void A_vote_request_claims_only_what_is_on_disk()
    {
        CoreRig rig = CoreRig.Follower(epoch: 1);
        RaftEffect.SendRequest fetch = rig.TakeRequest<RaftFetchRequest>();
        rig.HoldsFlush = true;
        rig.Reply(fetch, rig.Nothing(1) with { HasRecords = true });
        rig.Appended(new Offset(4), new LeaderEpoch(1));
        rig.Do(core => core.FetchedAppended(rig.Now, rig.Take<RaftEffect.AppendFetched>().Token, anySound: true));
        rig.Do(core => core.LogFlushed(rig.Now, new Offset(3)));
        rig.WaitUntil(() => rig.Core.Role is ProspectiveRole);
        Assert.All(rig.TakeRequests<RaftVoteRequest>(), ask => Assert.Equal(At(1, 3), Assert.IsType<RaftVoteRequest>(ask.Request).Log));
    }

    [Fact]
    public void One_vote_is_given_per_epoch_and_the_same_candidate_may_ask_again()
    {
        var rig = new CoreRig();
        Assert.True(rig.Vote(candidate: 2, epoch: 1, At(0, 0))!.Granted);
        Assert.False(rig.Vote(candidate: 3, epoch: 1, At(0, 0))!.Granted);
        Assert.True(rig.Vote(candidate: 2, epoch: 1, At(0, 0))!.Granted);
        var otherDisk = new ReplicaKey(new NodeId(2), new Uuid(9, 99));
        Assert.False(rig.Vote(new RaftVoteRequest(ReplicaKey.None, new LeaderEpoch(1), otherDisk, At(0, 0), PreVote: false))!.Granted);
        Assert.True(rig.Vote(candidate: 3, epoch: 2, At(0, 0))!.Granted);
    }

    [Fact]
    public void A_stored_vote_without_a_directory_stands_for_any_directory_of_the_node()
    {
        var rig = new CoreRig(stored: new ElectionState(new LeaderEpoch(3), NodeId.None, new ReplicaKey(new NodeId(2), Uuid.Zero)));
        Assert.True(rig.Vote(candidate: 2, epoch: 3, At(0, 0))!.Granted);
        Assert.False(rig.Vote(candidate: 3, epoch: 3, At(0, 0))!.Granted);
    }

    [Fact]
    public void A_candidate_with_less_of_the_log_gets_no_vote()
    {
        RecoveredLog log = CoreRig.Log(10, (1, 0), (3, 6));
        Assert.False(Ask(At(3, 9)));
        Assert.False(Ask(At(2, 50)));
        Assert.True(Ask(At(3, 10)));
        Assert.True(Ask(At(4, 1)));

        bool Ask(LogPosition candidate) => new CoreRig(stored: Stored(4), log: log).Vote(candidate: 2, epoch: 5, candidate)!.Granted;
    }

    [Fact]
    public void A_request_of_an_older_epoch_a_senseless_one_and_one_for_another_replica_are_rejected()
    {
        var rig = new CoreRig(stored: Stored(5));
        Assert.Equal(ErrorCode.FencedLeaderEpoch, rig.Vote(candidate: 2, epoch: 4, At(0, 0))!.Error);
        Assert.Equal(ErrorCode.InvalidRequest, rig.Vote(candidate: -1, epoch: 5, At(0, 0))!.Error);
        Assert.Equal(ErrorCode.InvalidRequest, rig.Vote(candidate: 2, epoch: 5, At(0, -1))!.Error);
        Assert.Equal(ErrorCode.InvalidRequest, rig.Vote(candidate: 2, epoch: 5, At(-1, 0))!.Error);
        Assert.Equal(ErrorCode.InvalidRequest, rig.Vote(candidate: 2, epoch: 5, At(5, 1))!.Error);
        Assert.Equal(ErrorCode.InvalidRequest, rig.Vote(candidate: 2, epoch: 5, At(6, 1), preVote: true)!.Error);
        Assert.Equal(ErrorCode.None, rig.Vote(candidate: 2, epoch: 5, At(5, 1), preVote: true)!.Error);
        var toAnother = new RaftVoteRequest(
            new ReplicaKey(new NodeId(1), new Uuid(1, 1)),
            new LeaderEpoch(6),
            Key(2),
            At(0, 0),
            PreVote: false
        );
        Assert.Equal(ErrorCode.InvalidVoterKey, rig.Vote(toAnother)!.Error);
        Assert.Equal(6, rig.Core.Role.Epoch.Value);
    }

    [Fact]
    public void A_vote_is_rejected_in_an_epoch_whose_leader_is_known()
    {
        CoreRig rig = CoreRig.Follower(epoch: 2);
        Assert.False(rig.Vote(candidate: 3, epoch: 2, At(0, 0))!.Granted);
        rig.Do(core => core.PeerGone(rig.Now, new NodeId(2)));
        Assert.False(rig.Vote(candidate: 3, epoch: 2, At(0, 0))!.Granted);
    }

    [Fact]
    public void A_pre_vote_binds_nobody()
    {
        var rig = new CoreRig();
        Assert.True(rig.Vote(candidate: 2, epoch: 0, At(0, 0), preVote: true)!.Granted);
        Assert.True(rig.Vote(candidate: 3, epoch: 0, At(0, 0), preVote: true)!.Granted);
        Assert.False(rig.Has<RaftEffect.PersistElectionState>());
    }

    [Fact]
    public void A_follower_that_has_fetched_rejects_pre_votes_and_one_that_has_not_grants_them()
    {
        Assert.False(CoreRig.Follower(epoch: 2).Vote(candidate: 3, epoch: 2, At(0, 0), preVote: true)!.Granted);
        Assert.True(new CoreRig(stored: Stored(2, leader: 2)).Vote(candidate: 3, epoch: 2, At(0, 0), preVote: true)!.Granted);
    }

    [Fact]
    public void A_pre_vote_at_a_higher_epoch_does_not_unseat_a_leader_that_works()
    {
        CoreRig leader = CoreRig.Leader(epoch: 2);
        RaftVoteReply reply = leader.Vote(candidate: 3, epoch: 9, At(5, 100), preVote: true)!;
        Assert.False(reply.Granted);
        Assert.Equal(Leads(1, 2), reply.Leader);
        Assert.IsType<LeaderRole>(leader.Core.Role);

        CoreRig follower = CoreRig.Follower(epoch: 2);
        Assert.False(follower.Vote(candidate: 3, epoch: 9, At(5, 100), preVote: true)!.Granted);
        Assert.IsType<FollowerRole>(follower.Core.Role);

        Assert.True(leader.Vote(candidate: 3, epoch: 9, At(5, 100))!.Granted);
        Assert.IsType<UnattachedRole>(leader.Core.Role);
    }

    [Fact]
    public void A_peer_that_knows_no_pre_votes_leads_to_an_election_at_once()
    {
        var rig = new CoreRig();
        rig.WaitUntil(() => rig.Core.Role is ProspectiveRole);
        RaftEffect.SendRequest ask = rig.TakeRequests<RaftVoteRequest>()[0];
        rig.Reply(ask, new RaftVoteReply(ErrorCode.UnsupportedVersion, Leads(-1, -1), Granted: false));
        Assert.IsType<CandidateRole>(rig.Core.Role);
        Assert.Equal(1, rig.Core.Role.Epoch.Value);
    }

    [Fact]
    public void A_late_pre_vote_does_not_count_as_a_vote()
    {
        var rig = new CoreRig(voters: 5);
        rig.WaitUntil(() => rig.Core.Role is ProspectiveRole);
        List<RaftEffect.SendRequest> preVotes = rig.TakeRequests<RaftVoteRequest>();
        var granted = new RaftVoteReply(ErrorCode.None, Leads(-1, 0), Granted: true);
        rig.Reply(preVotes[0], granted);
        rig.Reply(preVotes[1], granted);
        Assert.IsType<CandidateRole>(rig.Core.Role);
        rig.Reply(preVotes[2], granted);
        rig.Reply(preVotes[3], granted);
        Assert.IsType<CandidateRole>(rig.Core.Role);
    }

    [Fact]
    public void A_voter_that_starts_asks_within_50_ms_and_keeps_asking_who_does_not_answer()
    {
        var rig = new CoreRig();
        long start = rig.Now;
        rig.WaitUntil(() => rig.Core.Role is ProspectiveRole);
        Assert.InRange(rig.Now - start, 5, 50);
        for (int round = 0; round < 4; round++)
        {
            foreach (RaftEffect.SendRequest ask in rig.TakeRequests<RaftVoteRequest>())
            {
                rig.Do(core => core.RequestFailed(rig.Now, ask.RequestId));
            }

            long failed = rig.Now;
            rig.WaitUntil(() => rig.Has<RaftEffect.SendRequest>());
            Assert.InRange(rig.Now - failed, 1, 1000);
        }
    }

    [Fact]
    public void A_sole_voter_leads_at_once_and_in_a_new_epoch_after_each_start()
    {
        var rig = new CoreRig(voters: 1);
        Assert.IsType<LeaderRole>(rig.Core.Role);
        Assert.Equal(1, rig.Core.Role.Epoch.Value);
        Assert.Equal(1, rig.Core.HighWatermark.Value);

        var again = new CoreRig(voters: 1, stored: Stored(1, leader: 1), log: CoreRig.Log(1, (1, 0)));
        Assert.IsType<LeaderRole>(again.Core.Role);
        Assert.Equal(2, again.Core.Role.Epoch.Value);
        Assert.Equal(2, again.Core.HighWatermark.Value);
    }

    [Fact]
    public void A_leader_that_restarts_does_not_lead_its_epoch_again()
    {
        var rig = new CoreRig(stored: Stored(4, leader: 1), log: CoreRig.Log(10, (4, 3)));
        Assert.IsType<ResignedRole>(rig.Core.Role);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, rig.Fetch(FetchOf(2, 4, At(4, 10))).Error);
        Assert.False(rig.Vote(candidate: 2, epoch: 4, At(3, 10))!.Granted);
        Assert.Equal(2, rig.TakeRequests<RaftEndEpochRequest>().Count);
        rig.WaitUntil(() => rig.Core.Role is not ResignedRole);
        Assert.Equal(5, rig.Core.Role.Epoch.Value);
    }

    [Fact]
    public void A_leader_that_crashed_before_its_leadership_was_on_disk_does_not_lead_its_epoch_again_either()
    {
        Assert.IsType<ResignedRole>(new CoreRig(stored: Stored(4, voted: 1), log: CoreRig.Log(11, (3, 0), (4, 10))).Core.Role);
        Assert.IsType<CandidateRole>(new CoreRig(stored: Stored(4, voted: 1), log: CoreRig.Log(10, (3, 0))).Core.Role);
    }

    [Fact]
    public void A_log_that_is_ahead_of_the_stored_epoch_sets_the_epoch()
    {
        var rig = new CoreRig(stored: Stored(2, leader: 2), log: CoreRig.Log(10, (3, 0)));
        Assert.IsType<UnattachedRole>(rig.Core.Role);
        Assert.Equal(3, rig.Core.Role.Epoch.Value);
    }

    [Fact]
    public void A_voter_whose_leader_is_gone_asks_soon_and_grants_pre_votes_meanwhile()
    {
        CoreRig rig = CoreRig.Follower(epoch: 2);
        rig.TakeRequests<RaftFetchRequest>();
        rig.Do(core => core.PeerGone(rig.Now, new NodeId(3)));
        Assert.IsType<FollowerRole>(rig.Core.Role);
        long lost = rig.Now;
        rig.Do(core => core.PeerGone(rig.Now, new NodeId(2)));
        Assert.True(rig.Vote(candidate: 3, epoch: 2, At(0, 0), preVote: true)!.Granted);
        rig.WaitUntil(() => rig.Core.Role is ProspectiveRole);
        Assert.InRange(rig.Now - lost, 5, 50);
        Assert.All(rig.TakeRequests<RaftVoteRequest>(), ask => Assert.True(Assert.IsType<RaftVoteRequest>(ask.Request).PreVote));
    }

    [Fact]
    public void A_lost_leader_that_speaks_for_itself_is_followed_again()
    {
        CoreRig rig = CoreRig.Follower(epoch: 2);
        rig.Do(core => core.PeerGone(rig.Now, new NodeId(2)));
        Assert.Equal(ErrorCode.None, rig.BeginEpoch(leader: 2, epoch: 2)!.Error);
        Assert.IsType<FollowerRole>(rig.Core.Role);
    }

    [Fact]
    public void Two_leaders_in_one_epoch_stop_the_node()
    {
        CoreRig rig = CoreRig.Follower(epoch: 2);
        Assert.Equal("R-01", Assert.Throws<InvariantException>(() => rig.BeginEpoch(leader: 3, epoch: 2)).Id);
    }

    [Fact]
    public void An_observer_neither_stands_nor_votes()
    {
        var rig = new CoreRig(self: 9);
        rig.Wait(20_000);
        Assert.IsType<UnattachedRole>(rig.Core.Role);
        Assert.Equal(ErrorCode.InconsistentVoterSet, rig.Vote(candidate: 2, epoch: 1, At(0, 0))!.Error);
    }

    [Fact]
    public void When_no_more_replies_can_be_held_callers_are_told_so()
    {
        var rig = new CoreRig(configure: config => config with { MaxHeldMessages = 3 }) { HoldsState = true };
        for (int candidate = 1; candidate <= 3; candidate++)
        {
            Assert.Null(rig.Vote(candidate: 2, epoch: candidate, At(0, 0)));
        }

        Assert.Equal(ErrorCode.RequestTimedOut, rig.Vote(candidate: 2, epoch: 7, At(0, 0))!.Error);
    }
}
