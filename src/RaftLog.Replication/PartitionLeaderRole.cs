using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>
/// Leads one partition in one leader epoch: knows its followers' progress, and owns the in-sync set as a proposal to the controller.
/// </summary>
public sealed class PartitionLeaderRole : PartitionRole
{
    private FollowerProgress[] _followers;
    private long _notBeforeMs = long.MinValue;
    private long _nextLagCheckMs;
    private long _nextStandingCheckMs;
    private long _lostUntilMs = long.MinValue;
    private bool _repeat;

    internal PartitionLeaderRole(PartitionState state, NodeId self, Offset epochStart, long nowMs, ReplicationTuning tuning)
        : base(state.LeaderEpoch)
    {
        EpochStart = epochStart;
        InSync = new InSyncState.Settled(state.InSync, state.PartitionEpoch);
        _followers = [];
        _nextLagCheckMs = nowMs + tuning.LagCheckMs;
        Assign(state, self, nowMs);
    }

    /// <summary>The log end when this leadership began: the first offset that it may write.</summary>
    public Offset EpochStart { get; }

    /// <summary>The in-sync set, settled or with a proposal under way.</summary>
    public InSyncState InSync { get; private set; }

    internal ReadOnlySpan<FollowerProgress> Followers => _followers;

    /// <summary>When <see cref="PartitionReplica.Tick"/> has something to do next, in the host's monotonic milliseconds.</summary>
    internal long NextDeadlineMs
    {
        get
        {
            if (_followers.Length == 0 && !_repeat)
            {
                // Alone it waits for nobody.
                return long.MaxValue;
            }

            long next = _repeat ? Math.Min(_notBeforeMs, _nextLagCheckMs) : _nextLagCheckMs;
            return HasStandingOutsider ? Math.Min(next, _nextStandingCheckMs) : next;
        }
    }

    private bool HasStandingOutsider
    {
        get
        {
            foreach (FollowerProgress follower in _followers)
            {
                if (follower.Stands && !InSync.Maximal.Contains(follower.Node))
                {
                    return true;
                }
            }

            return false;
        }
    }

    internal FollowerProgress? Find(NodeId node)
    {
        foreach (FollowerProgress follower in _followers)
        {
            if (follower.Node == node)
            {
                return follower;
            }
        }

        return null;
    }

    /// <summary>
    /// Takes a state of the same leadership: a newer one ends any proposal, which the controller can no longer accept; so does the new
    /// registration of a proposed member.
    /// </summary>
    internal void Adopt(PartitionState state, NodeId self, long nowMs)
    {
        Assign(state, self, nowMs);
        if (state.PartitionEpoch > InSync.Epoch)
        {
            Settle(state.InSync, state.PartitionEpoch);
        }
        else if (InSync.InFlight is { } proposal && NamesAnEarlierIncarnation(proposal, state.Brokers))
        {
            Settle(InSync.Committed, InSync.Epoch);
        }
    }

    /// <summary>The controller's response to a proposal; what each code means is Kafka's table (KIP-497).</summary>
    internal void OnResponse(long nowMs, IsrProposal proposal, in IsrResponse response, ReplicationTuning tuning)
    {
        bool current = ReferenceEquals(InSync.InFlight, proposal);
        switch (response.Error)
        {
            case ErrorCode.None:
                // A late success of an earlier proposal counts too when it is news: the controller has committed that set.
                if (
                    response.LeaderEpoch == Epoch
                    && (response.PartitionEpoch > InSync.Epoch || (current && response.PartitionEpoch == InSync.Epoch))
                )
                {
                    Settle(response.InSync, response.PartitionEpoch);
                }

                break;

            case ErrorCode.IneligibleReplica
            or ErrorCode.OperationNotAttempted when current:
                // The controller did not take it. That settles the matter unless an earlier copy may still be on its way there: then a
                // member that is rejected now could be accepted later, and elected, without the records that we would commit meanwhile.
                _notBeforeMs = nowMs + tuning.ProposalBackoffMs;
                if (nowMs < _lostUntilMs)
                {
                    _repeat = true;
                }
                else
                {
                    Settle(InSync.Committed, InSync.Epoch);
                }

                break;

            case ErrorCode.UnknownTopicOrPartition
            or ErrorCode.UnknownTopicId
            or ErrorCode.FencedLeaderEpoch
            or ErrorCode.InvalidUpdateVersion
            or ErrorCode.InvalidRequest
            or ErrorCode.NewLeaderElected:
                // The controller knows more than we do: metadata will tell.
                break;

            default:
                if (current)
                {
                    if (response.Error is ErrorCode.RequestTimedOut or ErrorCode.NetworkException)
                    {
                        _lostUntilMs = nowMs + tuning.LostProposalMs;
                    }

                    _repeat = true;
                    _notBeforeMs = nowMs + tuning.ProposalBackoffMs;
                }

                break;
        }
    }

    /// <summary>
    /// Proposes a follower that has caught up: it has all that is committed, and all that earlier leaderships can have committed (the start
    /// of this epoch), because a new leader's high watermark may lag behind what its predecessor confirmed (KAFKA-7128).
    /// </summary>
    internal IsrProposal? ProposeExpansion(
        long nowMs,
        FollowerProgress follower,
        PartitionState state,
        BrokerEpoch ownEpoch,
        Offset highWatermark
    )
    {
        bool joins =
            InSync.InFlight is null
            && nowMs >= _notBeforeMs
            && !InSync.Maximal.Contains(follower.Node)
            && follower.DurableEnd >= highWatermark
            && follower.DurableEnd >= EpochStart
            && state.Brokers.MayJoin(follower.Node, follower.Epoch);
        if (!joins)
        {
            return null;
        }

        IsrProposal proposal = Propose(InSync.Committed.With(follower.Node), state, ownEpoch);
        InSync = new InSyncState.PendingExpansion(InSync.Committed, InSync.Epoch, proposal);
        return proposal;
    }

    /// <summary>
    /// Before the log grows past an end: followers that stand at it were caught up as long as their sessions were heard of.
    /// </summary>
    internal void CountStanding(Offset end)
    {
        foreach (FollowerProgress follower in _followers)
        {
            follower.CountStanding(end);
        }
    }

    /// <summary>
    /// Proposes a follower that fetches by its session without naming the partition: it may join as one that names it may.
    /// </summary>
    internal IsrProposal? ProposeStanding(
        long nowMs,
        PartitionState state,
        BrokerEpoch ownEpoch,
        Offset highWatermark,
        ReplicationTuning tuning
    )
    {
        if (nowMs < _nextStandingCheckMs)
        {
            return null;
        }

        _nextStandingCheckMs = nowMs + tuning.StandingCheckMs;
        foreach (FollowerProgress follower in _followers)
        {
            if (follower.TakeRound() && ProposeExpansion(nowMs, follower, state, ownEpoch, highWatermark) is { } proposal)
            {
                return proposal;
            }
        }

        return null;
    }

    /// <summary>What time alone brings: the repetition of a failed proposal, or the removal of members that have fallen behind.</summary>
    internal IsrProposal? Tick(
        long nowMs,
        PartitionState state,
        NodeId self,
        BrokerEpoch ownEpoch,
        Offset leaderEnd,
        ReplicationTuning tuning
    )
    {
        if (_repeat && nowMs >= _notBeforeMs)
        {
            _repeat = false;
            return InSync.InFlight;
        }

        if (nowMs < _nextLagCheckMs)
        {
            return null;
        }

        _nextLagCheckMs = nowMs + tuning.LagCheckMs;
        if (InSync.InFlight is not null || nowMs < _notBeforeMs)
        {
            return null;
        }

        NodeSet behind = NodeSet.Empty;
        foreach (NodeId member in InSync.Committed.Nodes)
        {
            if (member != self && Find(member) is { } follower && !follower.IsCaughtUp(nowMs, leaderEnd, tuning))
            {
                behind = behind.With(member);
            }
        }

        if (behind.Count == 0)
        {
            return null;
        }

        IsrProposal proposal = Propose(InSync.Committed.Without(behind), state, ownEpoch);
        InSync = new InSyncState.PendingShrink(InSync.Committed, InSync.Epoch, proposal);
        return proposal;
    }

    private IsrProposal Propose(NodeSet inSync, PartitionState state, BrokerEpoch ownEpoch)
    {
        var epochs = new BrokerEpoch[inSync.Count];
        for (int i = 0; i < epochs.Length; i++)
        {
            NodeId member = inSync.Nodes[i];
            epochs[i] = member == state.Leader ? ownEpoch : Find(member)?.Epoch ?? BrokerEpoch.None;
        }

        _lostUntilMs = long.MinValue;
        return new IsrProposal(Epoch, InSync.Epoch, inSync, epochs);
    }

    private void Settle(NodeSet inSync, PartitionEpoch at)
    {
        Invariant.Holds(at >= InSync.Epoch, "R-04", "the partition epoch of a leader went back");
        InSync = new InSyncState.Settled(inSync, at);
        _repeat = false;
    }

    /// <summary>
    /// True when a member of a proposal has registered anew since. No copy of it, however late, can be accepted then: whoever decides after
    /// the registration knows of it, and had one been accepted before, metadata would have told that first.
    /// </summary>
    private static bool NamesAnEarlierIncarnation(IsrProposal proposal, BrokerRoster brokers)
    {
        for (int i = 0; i < proposal.BrokerEpochs.Count; i++)
        {
            if (
                proposal.BrokerEpochs[i] != BrokerEpoch.None
                && brokers.TryFind(proposal.InSync.Nodes[i], out RosterEntry member)
                && member.Epoch > proposal.BrokerEpochs[i]
            )
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Keeps what is known of followers that stay, and starts anew for those that are added.</summary>
    private void Assign(PartitionState state, NodeId self, long nowMs)
    {
        var next = new List<FollowerProgress>(state.Replicas.Count);
        foreach (NodeId node in state.Replicas.Nodes)
        {
            if (node != self)
            {
                next.Add(Find(node) ?? new FollowerProgress(node, state.InSync.Contains(node) ? nowMs : FollowerProgress.Never));
            }
        }

        _followers = [.. next];
    }
}
