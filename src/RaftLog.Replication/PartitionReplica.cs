using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>
/// One node's replica of one partition, as decisions: which offsets are safe to show, who is in sync, what a fetch or a produce may have,
/// and where a follower's log must be truncated. It has never seen a disk, a clock or a network.
/// <para>
/// Inputs, each with the present time where time matters: <see cref="Apply"/> (metadata), <see cref="OnLogChanged"/> (the log grew, was
/// flushed or was truncated), <see cref="FollowerFetched"/>, <see cref="OnProposalResponse"/> and <see cref="Tick"/>. Each returns the
/// effects that the host has to carry out. Questions, which change nothing: <see cref="MayAppend"/>, <see cref="ClientFetch"/>,
/// <see cref="RepeatedFetch"/>, <see cref="CheckCommitted"/>. A follower's host asks <see cref="NextFetch"/> what to fetch, and
/// <see cref="OnFetchResponse"/> what to do with the response.
/// </para>
/// <para>Not safe for concurrent use: the host holds the partition's lock.</para>
/// <para>
/// <b>Leading an epoch twice</b> (KAFKA-10527). A leader that restarts may have lost a tail that its followers already copied. If it led
/// the same epoch again it would write other records at the same (epoch, offset), and no comparison by epoch could tell. Two locks hold
/// that door. The controller treats a new incarnation of a broker as a fence, so every partition that it led gets a higher leader epoch no
/// later than its registration. And this class neither leads nor follows on a state that does not yet include the registration of this
/// incarnation, nor leads in an epoch that the log has already heard of, since nobody but its leader writes an epoch. It then
/// stays idle.
/// </para>
/// </summary>
public sealed partial class PartitionReplica
{
    private readonly NodeId _self;
    private readonly ReplicationTuning _tuning;
    private PartitionState? _state;
    private BrokerEpoch _registeredAs = BrokerEpoch.None;

    /// <summary>A replica as it is after start-up, before any metadata.</summary>
    /// <param name="self">This node.</param>
    /// <param name="log">Where its log begins and ends after recovery.</param>
    /// <param name="checkpointedHighWatermark">The last high watermark that was written down; what lies beyond the log does not
    /// count.</param>
    /// <param name="tuning">The times.</param>
    public PartitionReplica(NodeId self, LogExtent log, Offset checkpointedHighWatermark, ReplicationTuning tuning)
    {
        _self = self;
        _tuning = tuning;
        Role = new IdleRole(LeaderEpoch.None);
        Log = log;
        HighWatermark = Offset.Max(log.Start, Offset.Min(checkpointedHighWatermark, log.DurableEnd));
    }

    /// <summary>What this node is to the partition now.</summary>
    public PartitionRole Role { get; private set; }

    /// <summary>Where this node's log begins and ends.</summary>
    public LogExtent Log { get; private set; }

    /// <summary>
    /// The offset below which every record is durable on every electable replica. R-03: it lies within the log, and never goes back
    /// but when the log itself is truncated below it (an unclean election, or a log that starts over).
    /// </summary>
    public Offset HighWatermark { get; private set; }

    /// <summary>The leader epoch of the latest metadata, <see cref="LeaderEpoch.None"/> before any.</summary>
    public LeaderEpoch LeaderEpoch => _state?.LeaderEpoch ?? LeaderEpoch.None;

    /// <summary>The latest metadata; null before any.</summary>
    public PartitionState? State => _state;

    /// <summary>When to call <see cref="Tick"/> next, in the host's monotonic milliseconds; null while time brings nothing.</summary>
    public long? NextDeadlineMs => (Role as PartitionLeaderRole)?.NextDeadlineMs;

    /// <summary>The smallest log start of this leader and the followers that have told theirs: what DeleteRecords waits for.</summary>
    public Offset LowWatermark
    {
        get
        {
            Offset least = Log.Start;
            if (Role is PartitionLeaderRole leader)
            {
                foreach (FollowerProgress follower in leader.Followers)
                {
                    if (follower.LogStart != Offset.None && leader.InSync.Maximal.Contains(follower.Node))
                    {
                        least = Offset.Min(least, follower.LogStart);
                    }
                }
            }

            return least;
        }
    }

    /// <summary>
    /// Takes what metadata says of the partition; what is older than what is known changes nothing.
    /// </summary>
    /// <param name="nowMs">The present time.</param>
    /// <param name="state">The committed state.</param>
    /// <param name="registeredAs">The epoch that the controller gave this incarnation of the node; None until it has registered.</param>
    /// <param name="history">The epochs of this node's log.</param>
    public PartitionEffects Apply(long nowMs, PartitionState state, BrokerEpoch registeredAs, IEpochHistory history)
    {
        if (
            _state is { } known
            && (
                state.LeaderEpoch < known.LeaderEpoch
                || (state.LeaderEpoch == known.LeaderEpoch && state.PartitionEpoch < known.PartitionEpoch)
            )
        )
        {
            return PartitionEffects.None;
        }

        _state = state;
        _registeredAs = registeredAs;
        PartitionRole before = Role;
        Role = Next(nowMs, state, history);
        SeededBugCommitsAll(before);
        return Effects(nowMs, null, ReferenceEquals(before, Role) ? RoleEvent.Kept : RoleEvent.Replaced);
    }

    partial void SeededBugCommitsAll(PartitionRole before);

    /// <summary>The log grew, was flushed, was truncated or lost its oldest part.</summary>
    public PartitionEffects OnLogChanged(long nowMs, LogExtent log)
    {
        Invariant.Holds(
            log.Start <= log.End && log.DurableEnd <= log.End,
            "R-05",
            "a log ends before it starts, or before what is durable of it"
        );
        Invariant.Holds(Role is not PartitionLeaderRole || log.End >= Log.End, "R-06", "a leader's log was truncated");
        if (Role is PartitionLeaderRole leader && log.End > Log.End)
        {
            leader.CountStanding(Log.End);
        }

        Log = log;
        Offset before = HighWatermark;
        HighWatermark = Offset.Max(log.Start, Offset.Min(HighWatermark, log.End));
        PartitionEffects effects = Effects(nowMs, null, RoleEvent.Kept);
        return effects.HighWatermark is null && HighWatermark != before ? effects with { HighWatermark = HighWatermark } : effects;
    }

    /// <summary>
    /// May records be appended here? <see cref="ErrorCode.NotLeaderOrFollower"/> when this node does not lead;
    /// <see cref="ErrorCode.NotEnoughReplicas"/> for <c>acks=all</c> with fewer in-sync replicas than the minimum.
    /// </summary>
    public ErrorCode MayAppend(RequiredAcks acks)
    {
        if (Role is not PartitionLeaderRole leader)
        {
            return ErrorCode.NotLeaderOrFollower;
        }

        return acks == RequiredAcks.All && leader.InSync.Committed.Count < _state!.MinInSync ? ErrorCode.NotEnoughReplicas : ErrorCode.None;
    }

    /// <summary>
    /// Is what was appended up to <paramref name="end"/>, in the leadership <paramref name="appendedIn"/>, committed? A retry that repeats
    /// an append asks for the end of the first one: it is no more committed than that.
    /// </summary>
    public CommitVerdict CheckCommitted(Offset end, LeaderEpoch appendedIn)
    {
        if (Role is not PartitionLeaderRole leader || leader.Epoch != appendedIn)
        {
            return CommitVerdict.LeadershipLost;
        }

        CommitVerdict verdict =
            HighWatermark < end ? CommitVerdict.Waiting
            : leader.InSync.Maximal.Count < _state!.MinInSync ? CommitVerdict.TooFewInSync
            : CommitVerdict.Committed;
        SeededBugConfirmsEarly(leader, end, ref verdict);
        return verdict;
    }

    partial void SeededBugConfirmsEarly(PartitionLeaderRole leader, Offset end, ref CommitVerdict verdict);

    /// <summary>
    /// Does the leader epoch that a request names agree with what is known here, and does this node lead (KIP-320)?
    /// <see cref="ErrorCode.FencedLeaderEpoch"/>, <see cref="ErrorCode.UnknownLeaderEpoch"/> or <see cref="ErrorCode.NotLeaderOrFollower"/>
    /// when not. <see cref="LeaderEpoch.None"/> is not compared.
    /// </summary>
    public ErrorCode CheckLeadership(LeaderEpoch named)
    {
        ErrorCode error = CheckReplica(named);
        return error == ErrorCode.None && Role is not PartitionLeaderRole ? ErrorCode.NotLeaderOrFollower : error;
    }

    /// <summary>As <see cref="CheckLeadership"/>, for what a follower may answer, too.</summary>
    public ErrorCode CheckReplica(LeaderEpoch named) =>
        named != LeaderEpoch.None && named < LeaderEpoch ? ErrorCode.FencedLeaderEpoch
        : named != LeaderEpoch.None && named > LeaderEpoch ? ErrorCode.UnknownLeaderEpoch
        : Role is PartitionLeaderRole or PartitionFollowerRole ? ErrorCode.None
        : ErrorCode.NotLeaderOrFollower;

    /// <summary>What a client's fetch may have: committed records only.</summary>
    public FetchVerdict ClientFetch(in FetchPosition fetch, IEpochHistory history)
    {
        ErrorCode error = CheckLeadership(fetch.CurrentLeaderEpoch);
        return error != ErrorCode.None ? FetchVerdict.Rejected(error) : Place(fetch, history, HighWatermark);
    }

    /// <summary>
    /// What a follower's fetch may have when it is looked at again after a wait. It was counted when it came, with what was true then;
    /// counted again it would make a follower that has died meanwhile look alive, and could take back what a later fetch of it has claimed.
    /// </summary>
    public FetchVerdict RepeatedFetch(in FetchPosition fetch, IEpochHistory history)
    {
        ErrorCode error = CheckLeadership(fetch.CurrentLeaderEpoch);
        return error != ErrorCode.None ? FetchVerdict.Rejected(error) : Place(fetch, history, Log.End);
    }

    /// <summary>
    /// May "the latest offset" be told? <see cref="ErrorCode.OffsetNotAvailable"/> as long as a new leader does not know how much of its
    /// predecessors' records is committed: its high watermark might be lower than what a client has already seen (KIP-207).
    /// </summary>
    public ErrorCode MayTellLatest() =>
        Role is not PartitionLeaderRole leader ? ErrorCode.NotLeaderOrFollower
        : HighWatermark < leader.EpochStart ? ErrorCode.OffsetNotAvailable
        : ErrorCode.None;

    /// <summary>
    /// A follower fetched. What it asks for it may read up to the log end, flushed here or not; what lies below it counts as durable there,
    /// but only if it knows this very leadership and its log is a prefix of this one.
    /// </summary>
    public PartitionEffects FollowerFetched(
        long nowMs,
        in FetchingReplica replica,
        in FetchPosition fetch,
        IEpochHistory history,
        out FetchVerdict verdict
    )
    {
        ErrorCode error = CheckLeadership(fetch.CurrentLeaderEpoch);
        SeededBugCountsOtherLeaderships(ref error);
        if (error != ErrorCode.None || Role is not PartitionLeaderRole leader)
        {
            (Role as PartitionLeaderRole)?.Find(replica.Node)?.StandsNoMore(Log.End);
            verdict = FetchVerdict.Rejected(error);
            return PartitionEffects.None;
        }

        bool namesEpoch = fetch.CurrentLeaderEpoch != LeaderEpoch.None;
        if (leader.Find(replica.Node) is not { } follower)
        {
            // One that names this epoch may know of an assignment that this node has yet to hear of.
            verdict = FetchVerdict.Rejected(namesEpoch ? ErrorCode.UnknownLeaderEpoch : ErrorCode.NotLeaderOrFollower);
            return PartitionEffects.None;
        }

        if (!namesEpoch)
        {
            follower.StandsNoMore(Log.End);
            verdict = FetchVerdict.Rejected(ErrorCode.FencedLeaderEpoch);
            return PartitionEffects.None;
        }

        if (follower.IsStale(replica.Epoch))
        {
            verdict = FetchVerdict.Rejected(ErrorCode.NotLeaderOrFollower);
            return PartitionEffects.None;
        }

        verdict = Place(fetch, history, Log.End);
        if (!verdict.MayRead)
        {
            follower.StandsNoMore(Log.End);
            return PartitionEffects.None;
        }

        follower.Fetched(nowMs, replica, fetch.FetchOffset, Log.End);
        return Effects(nowMs, leader.ProposeExpansion(nowMs, follower, _state!, _registeredAs, HighWatermark), RoleEvent.Kept);
    }

    partial void SeededBugCountsOtherLeaderships(ref ErrorCode error);

    /// <summary>The end of a proposal: the controller's response, or that none came.</summary>
    public PartitionEffects OnProposalResponse(long nowMs, IsrProposal proposal, in IsrResponse response)
    {
        if (Role is not PartitionLeaderRole leader || leader.Epoch != proposal.LeaderEpoch)
        {
            return PartitionEffects.None;
        }

        leader.OnResponse(nowMs, proposal, response, _tuning);
        return Effects(nowMs, null, RoleEvent.Kept);
    }

    /// <summary>Time has passed: looks for followers that have fallen behind or may join, and repeats a proposal that failed.</summary>
    public PartitionEffects Tick(long nowMs)
    {
        if (Role is not PartitionLeaderRole leader)
        {
            return PartitionEffects.None;
        }

        IsrProposal? proposal =
            leader.Tick(nowMs, _state!, _self, _registeredAs, Log.End, _tuning)
            ?? leader.ProposeStanding(nowMs, _state!, _registeredAs, HighWatermark, _tuning);
        return Effects(nowMs, proposal, RoleEvent.Kept);
    }

    /// <summary>
    /// What to ask the leader for; null while this node does not follow, or holds bytes that are not yet durable: asking for an offset
    /// claims that all below it is safe here, whatever made the log that long (append, restart, demotion or truncation).
    /// </summary>
    public FetchPosition? NextFetch(IEpochHistory history)
    {
        Offset durableEnd = Log.DurableEnd;
        SeededBugClaimsUnflushed(ref durableEnd);
        return Role is PartitionFollowerRole follower && durableEnd == Log.End
            ? new FetchPosition(follower.Epoch, Log.End, history.Latest)
            : null;
    }

    partial void SeededBugClaimsUnflushed(ref Offset durableEnd);

    /// <summary>
    /// The leader answered. Only a response to what would be asked now counts: one that was under way while the log or the leadership
    /// changed describes another log, and obeying it could truncate committed records.
    /// </summary>
    public FollowerStep OnFetchResponse(in FollowerFetchResult response, IEpochHistory history)
    {
        if (NextFetch(history) is not { } present || present != response.Fetch || Role is not PartitionFollowerRole follower)
        {
            return FollowerStep.Of(FollowerStepKind.Drop);
        }

        switch (response.Error)
        {
            case ErrorCode.None when response.Diverging is { } diverging:
                FollowerStep truncation = FollowerStep.TruncateTo(
                    FollowerStepKind.Truncate,
                    Offset.Max(Log.Start, Divergence.TruncationPoint(history, Log.End, diverging))
                );
                SeededBugBelievesHighWatermark(response, follower, ref truncation);
                return truncation;

            case ErrorCode.None:
                follower.LeaderHighWatermark = response.HighWatermark;
                return new FollowerStep(FollowerStepKind.Append, Offset.None, Advance(Followed(follower)));

            case ErrorCode.OffsetOutOfRange when response.LeaderLogStart == Offset.None:
                return FollowerStep.Of(FollowerStepKind.AskLogStart);

            case ErrorCode.OffsetOutOfRange:
                return OutOfRange(response.LeaderLogStart);

            case ErrorCode.FencedLeaderEpoch
            or ErrorCode.NotLeaderOrFollower
            or ErrorCode.UnknownTopicId
            or ErrorCode.UnknownTopicOrPartition:
                return FollowerStep.Of(FollowerStepKind.AwaitMetadata);

            default:
                return FollowerStep.Of(FollowerStepKind.BackOff);
        }
    }

    /// <summary>The leader told where its log starts, after it rejected an offset: start over there if that is beyond this log.</summary>
    public FollowerStep OutOfRange(Offset leaderLogStart) =>
        leaderLogStart > Log.End
            ? FollowerStep.TruncateTo(FollowerStepKind.StartOver, leaderLogStart)
            : FollowerStep.Of(FollowerStepKind.BackOff);

    private FetchVerdict Place(in FetchPosition fetch, IEpochHistory history, Offset limit)
    {
        if (fetch.LastFetchedEpoch > LeaderEpoch)
        {
            // An epoch that has not been yet: this log says nothing of where it ends.
            return FetchVerdict.Rejected(ErrorCode.OffsetOutOfRange);
        }

        if (
            fetch.LastFetchedEpoch != LeaderEpoch.None
            && Divergence.Find(history, Log.Start, fetch.FetchOffset, fetch.LastFetchedEpoch) is { } diverging
        )
        {
            return FetchVerdict.Diverged(diverging);
        }

        return fetch.FetchOffset < Log.Start || fetch.FetchOffset > Log.End
            ? FetchVerdict.Rejected(ErrorCode.OffsetOutOfRange)
            : FetchVerdict.UpTo(limit);
    }

    partial void SeededBugBelievesHighWatermark(
        in FollowerFetchResult response,
        PartitionFollowerRole follower,
        ref FollowerStep truncation
    );

    private PartitionRole Next(long nowMs, PartitionState state, IEpochHistory history)
    {
        bool registrationIsIncluded = _registeredAs != BrokerEpoch.None && state.AsOf.Value >= _registeredAs.Value;
        SeededBugLeadsAgain(ref registrationIsIncluded);
        if (!registrationIsIncluded || !state.Leader.IsNode || !state.Replicas.Contains(_self))
        {
            return Role is IdleRole && Role.Epoch == state.LeaderEpoch ? Role : new IdleRole(state.LeaderEpoch);
        }

        if (state.Leader != _self)
        {
            return Role is PartitionFollowerRole following && following.Epoch == state.LeaderEpoch
                ? following
                : new PartitionFollowerRole(state.LeaderEpoch, state.Leader);
        }

        if (Role is PartitionLeaderRole leading && leading.Epoch == state.LeaderEpoch)
        {
            leading.Adopt(state, _self, nowMs);
            return leading;
        }

        bool epochIsNew = history.Latest < state.LeaderEpoch;
        SeededBugLeadsAgain(ref epochIsNew);
        return epochIsNew ? new PartitionLeaderRole(state, _self, Log.End, nowMs, _tuning) : new IdleRole(state.LeaderEpoch);
    }

    static partial void SeededBugLeadsAgain(ref bool isNew);

    private PartitionEffects Effects(long nowMs, IsrProposal? proposal, RoleEvent role)
    {
        Offset next = Role switch
        {
            PartitionLeaderRole leader => HighWatermarkRule.Next(HighWatermark, Log, leader, _state!, nowMs, _tuning),
            PartitionFollowerRole follower => Followed(follower),
            _ => HighWatermark,
        };
        return new PartitionEffects(Advance(next), proposal, role == RoleEvent.Replaced);
    }

    /// <summary>What a follower may count as committed: what the leader says, as far as it is durable here too.</summary>
    private Offset Followed(PartitionFollowerRole follower) =>
        Offset.Max(HighWatermark, Offset.Min(follower.LeaderHighWatermark, Log.DurableEnd));

    private Offset? Advance(Offset next)
    {
        Invariant.Holds(next >= HighWatermark && next <= Log.End, "R-03", "the high watermark goes back, or lies beyond the log");
        if (next == HighWatermark)
        {
            return null;
        }

        HighWatermark = next;
        return next;
    }

    private enum RoleEvent
    {
        Kept,
        Replaced,
    }
}
