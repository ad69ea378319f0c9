using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// This replica's state, and the only places where its role and high watermark change. What to do in a role is decided elsewhere.
/// </summary>
internal sealed class Replica
{
    /// <summary>After so many failed quick elections a peer that still names the lost leader is believed.</summary>
    private const int QuickRounds = 5;

    private readonly IElectionRandom _random;

    public Replica(RaftConfig config, ElectionState stored, RecoveredLog log, IElectionRandom random, long nowMs)
    {
        Config = config;
        Log = new LogView(log);
        Out = new RaftOutbox(config.MaxHeldMessages, stored);
        _random = random;
        NowMs = nowMs;
        HighWatermark = Log.LatestSnapshot.EndOffset;
        Invariant.Holds(HighWatermark <= Log.End, "R-17", "the newest snapshot is ahead of the log");
        Role = new UnattachedRole(stored.Epoch, stored.Leader, stored.Voted, long.MaxValue);
    }

    public RaftConfig Config { get; }

    public LogView Log { get; }

    public RaftOutbox Out { get; }

    public RaftRole Role { get; private set; }

    /// <summary>The time of the present input; never falls.</summary>
    public long NowMs { get; private set; }

    /// <summary>Everything below is committed. Invariant R-04: never falls, and never passes the log's end.</summary>
    public Offset HighWatermark { get; private set; }

    /// <summary>How many elections failed since there was a leader that worked.</summary>
    public int FailedElections { get; set; }

    public LeaderAndEpoch Leader => new(Role.LivingLeader, Role.Epoch);

    /// <summary>What may be told about the leadership at once: only what a crash cannot make this node forget.</summary>
    public LeaderAndEpoch DurableLeader => Out.IsPersisted ? Leader : new LeaderAndEpoch(NodeId.None, Out.PersistedEpoch);

    /// <summary>True when there is a leader that is known to work.</summary>
    public bool HasWorkingLeader => Role is LeaderRole or FollowerRole { HasFetched: true };

    public void Advance(long nowMs) => NowMs = Math.Max(NowMs, nowMs);

    public bool IsSelf(NodeId id) => id == Config.Local.Id;

    /// <summary>Random from one to two election timeouts.</summary>
    public long ElectionDeadline() => NowMs + _random.Next(Config.ElectionTimeoutMs, 2 * Config.ElectionTimeoutMs);

    /// <summary>The quick random pause, doubled per failure up to the election timeout.</summary>
    public long QuickDeadline(int failures)
    {
        if (Config.IsSoleVoter)
        {
            return NowMs;
        }

        int doublings = Math.Min(failures, 16);
        long shortest = Math.Min((long)Config.QuickElectionMinMs << doublings, Config.ElectionTimeoutMs / 2);
        long longest = Math.Min((long)Config.QuickElectionMaxMs << doublings, Config.ElectionTimeoutMs);
        return NowMs + _random.Next((int)shortest, (int)Math.Max(shortest, longest));
    }

    /// <summary>A voter that is neither this one nor <paramref name="leader"/>, at random; the leader where there is no other.</summary>
    public NodeId AnyVoterBut(NodeId leader)
    {
        int start = _random.Next(0, Config.Voters.Count);
        for (int step = 0; step < Config.Voters.Count; step++)
        {
            NodeId voter = Config.Voters.Voters[(start + step) % Config.Voters.Count].Id;
            if (!IsSelf(voter) && voter != leader)
            {
                return voter;
            }
        }

        return leader;
    }

    /// <summary>The voter that follows one in the order of voters and is neither this replica nor the leader.</summary>
    public NodeId VoterAfter(NodeId voter, NodeId leader)
    {
        IReadOnlyList<ReplicaKey> voters = Config.Voters.Voters;
        int place = 0;
        while (place < voters.Count && voters[place].Id != voter)
        {
            place++;
        }

        for (int step = 1; step <= voters.Count; step++)
        {
            NodeId next = voters[(place + step) % voters.Count].Id;
            if (!IsSelf(next) && next != leader)
            {
                return next;
            }
        }

        return leader;
    }

    /// <summary>Follows what a peer says about the leadership. True when that changed this node's role.</summary>
    /// <param name="seen">What it says.</param>
    /// <param name="firsthand">True when it speaks of itself.</param>
    public bool Learn(LeaderAndEpoch seen, bool firsthand)
    {
        if (seen.Epoch < Role.Epoch)
        {
            return false;
        }

        NodeId leader = Config.Voters.Contains(seen.Leader) && !IsSelf(seen.Leader) ? seen.Leader : NodeId.None;
        if (seen.Epoch > Role.Epoch)
        {
            if (leader.IsNode)
            {
                BecomeFollower(seen.Epoch, leader, ReplicaKey.None);
            }
            else
            {
                BecomeUnattached(seen.Epoch, NodeId.None, ReplicaKey.None, ElectionDeadline());
            }

            return true;
        }

        if (!leader.IsNode)
        {
            return false;
        }

        Invariant.Holds(
            !Role.Leader.IsNode || Role.Leader == leader,
            "R-01",
            $"epoch {seen.Epoch} has two leaders, {Role.Leader} and {leader}"
        );
        bool isGone = Role is UnattachedRole { Leader.IsNode: true } or ProspectiveRole { LeaderIsGone: true };
        if (Role is FollowerRole || (isGone && !firsthand && FailedElections < QuickRounds))
        {
            return false;
        }

        BecomeFollower(Role.Epoch, leader, Role.Voted);
        return true;
    }

    public void BecomeUnattached(LeaderEpoch epoch, NodeId leader, ReplicaKey voted, long deadlineMs) =>
        Become(new UnattachedRole(epoch, leader, voted, Config.IsSoleVoter ? NowMs : deadlineMs));

    /// <summary>There is evidence that the leader is gone: look for another soon.</summary>
    public void LoseLeader(long deadlineMs) => BecomeUnattached(Role.Epoch, Role.Leader, Role.Voted, deadlineMs);

    public void BecomeFollower(LeaderEpoch epoch, NodeId leader, ReplicaKey voted) =>
        Become(new FollowerRole(epoch, leader, voted, NowMs + Config.FetchTimeoutMs));

    public void BecomeProspective(bool leaderIsGone) =>
        Become(
            new ProspectiveRole(
                Role.Epoch,
                Role.Leader,
                Role.Voted,
                leaderIsGone,
                new Ballot(Config.Voters, Config.Local.Id),
                ElectionDeadline()
            )
        );

    public void BecomeCandidate(LeaderEpoch epoch) =>
        Become(new CandidateRole(epoch, Config.Local, new Ballot(Config.Voters, Config.Local.Id), ElectionDeadline()));

    public void BecomeLeader(IReadOnlyList<ReplicaKey> grantingVoters)
    {
        FailedElections = 0;
        var voters = new VoterProgress[Config.Voters.Count];
        for (int voter = 0; voter < voters.Length; voter++)
        {
            voters[voter] = new VoterProgress(Config.Voters.Voters[voter], NowMs);
        }

        var observers = new ObserverTable(Config.MaxObservers, Config.ObserverExpiryMs);
        Become(new LeaderRole(Role.Epoch, Config.Local.Id, voters, grantingVoters, observers));
    }

    public void BecomeResigned(LeaderEpoch epoch, IReadOnlyList<NodeId> successors) =>
        Become(new ResignedRole(epoch, Config.Local.Id, successors, Config.Voters.Count, ElectionDeadline()));

    /// <summary>Raises the high watermark, as far as this log reaches.</summary>
    public void Commit(Offset upTo)
    {
        Offset reached = Offset.Min(upTo, Log.End);
        if (reached > HighWatermark)
        {
            HighWatermark = reached;
            Out.Tell(new RaftEffect.HighWatermarkAdvanced(reached));
            Out.WakeFetches();
        }
    }

    private void Become(RaftRole next)
    {
        RaftRole last = Role;
        Invariant.Holds(next.Epoch >= last.Epoch, "R-02", $"the epoch would fall from {last.Epoch} to {next.Epoch}");
        Invariant.Holds(
            next.Epoch > last.Epoch || !last.Voted.IsPresent || last.Voted.Admits(next.Voted) || next.Leader.IsNode,
            "R-03",
            $"a second vote in epoch {next.Epoch}"
        );
        Role = next;
        Out.Persist(next.State);
        if (last is LeaderRole { IsAnnounced: true })
        {
            Out.Tell(new RaftEffect.LeadershipLost(last.Epoch));
        }

        if (last is LeaderRole or FollowerRole || next is LeaderRole or FollowerRole)
        {
            Out.WakeFetches();
        }

        if (next.Epoch != last.Epoch || next.LivingLeader != last.LivingLeader)
        {
            Out.Tell(new RaftEffect.LeaderChanged(Leader));
        }
    }
}
