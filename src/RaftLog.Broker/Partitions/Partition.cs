using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// One partition in a node: its log, what Replication decides about it, and who waits for it, under one lock that is never held across an
/// await.
/// <para>
/// Members that take a <see cref="WakeList"/> only note whom to wake; the caller wakes them when it is done with all partitions of its
/// step.
/// </para>
/// </summary>
public sealed partial class Partition
{
    private readonly PartitionHost _host;
    private readonly ReplicaPlace _place;
    private readonly LogEpochHistory _epochs;
    private readonly PartitionReplica _replica;
    private readonly PartitionWaiters _waiters = new();
    private readonly PartitionVerifications _verifications = new();
    private readonly Lock _gate = new();
    private PartitionSettings _settings;
    private volatile bool _leads;
    private (bool AsFollower, bool AsLeader) _isThrottled;
    private bool _closed;

    /// <summary>
    /// When <see cref="Tick"/> is called next, in the node's monotonic milliseconds: never later than Replication needs it.
    /// </summary>
    private long _tickMs = long.MaxValue;

    /// <summary>A partition over an open log, before any metadata.</summary>
    public Partition(TopicIdPartition id, PartitionLog log, LogDirectory directory, PartitionSettings settings, PartitionHost host)
    {
        Id = id;
        _settings = settings;
        _isThrottled = settings.IsThrottled(id.Partition, host.Self);
        _host = host;
        _place = new ReplicaPlace(_gate, log, directory, host, () => IsInUse, OnLogChanged);
        _epochs = new LogEpochHistory(_place);
        _replica = new PartitionReplica(host.Self, Extent, log.HighWatermark, host.Tuning);
        log.SetHighWatermark(_replica.HighWatermark);
        Maintenance = new PartitionMaintenance(_gate, _place, host, () => IsInUse, () => _settings, OnLogChanged);
        Following = new PartitionFollowing(_gate, this, _replica, _epochs, host, () => IsInUse, OnLogChanged);
    }

    /// <summary>The partition by its topic's name.</summary>
    public TopicPartition Name => Log.Partition;

    /// <summary>The partition by its topic's id.</summary>
    public TopicIdPartition Id { get; }

    /// <summary>Its log. Offsets and reads need no lock; only this class writes to it. A move puts another in its place.</summary>
    public PartitionLog Log => _place.Log;

    /// <summary>Where the log lies, and its move to another directory.</summary>
    internal ReplicaPlace Place => _place;

    /// <summary>Retention, compaction and the expiry of producers, under this partition's lock.</summary>
    internal PartitionMaintenance Maintenance { get; }

    /// <summary>How it follows its leader, under this partition's lock.</summary>
    internal PartitionFollowing Following { get; }

    /// <summary>The directory that holds the log.</summary>
    public LogDirectory Directory => _place.Directory;

    /// <summary>What this node is to the partition now.</summary>
    public PartitionRole Role
    {
        get
        {
            lock (_gate)
            {
                return _replica.Role;
            }
        }
    }

    /// <summary>The leader and its epoch as this node knows them; no leader and no epoch before any metadata.</summary>
    public (NodeId Leader, LeaderEpoch Epoch) Leadership
    {
        get
        {
            lock (_gate)
            {
                return (_replica.State?.Leader ?? NodeId.None, _replica.LeaderEpoch);
            }
        }
    }

    /// <summary>True while this replica copies no faster than the throttle allows: one that is named so and not in sync.</summary>
    internal bool IsThrottled
    {
        get
        {
            lock (_gate)
            {
                return _isThrottled.AsFollower && _replica.State?.InSync.Contains(_host.Self) != true;
            }
        }
    }

    /// <summary>
    /// True while a follower gets no more of this leader than the throttle allows: one that is not in sync, of a partition that is named
    /// so.
    /// </summary>
    internal bool IsThrottledFor(NodeId follower)
    {
        lock (_gate)
        {
            return _isThrottled.AsLeader && _replica.State?.InSync.Contains(follower) != true;
        }
    }

    /// <summary>True when this node leads it and not all replicas are in sync.</summary>
    internal bool IsUnderReplicated
    {
        get
        {
            lock (_gate)
            {
                return _replica.Role is PartitionLeaderRole && _replica.State is { } state && state.InSync.Count < state.Replicas.Count;
            }
        }
    }

    /// <summary>
    /// The smallest log start of the in-sync replicas: DeleteRecords is done when it has come up to the offset asked for.
    /// </summary>
    public Offset LowWatermark
    {
        get
        {
            lock (_gate)
            {
                return _replica.LowWatermark;
            }
        }
    }

    /// <summary><c>min.insync.replicas</c> of its topic.</summary>
    internal int MinInSync => Volatile.Read(ref _settings).MinInSync;

    private LogExtent Extent => new(Log.StartOffset, Log.EndOffset, _place.DurableEnd);

    private bool IsInUse => !_closed && !_place.Directory.Health.IsOffline;

    private ReadableLimits Limits => new(_replica.HighWatermark, Log.LastStableOffset, Log.EndOffset);

    // Producers.

    /// <summary>See <see cref="PartitionVerifications.Begin"/>. Whoever begins ends it, whatever came of it.</summary>
    internal PartitionVerification? BeginVerification(in ProducerStamp producer, bool startsAtZero)
    {
        lock (_gate)
        {
            return _verifications.Begin(Log.Producers.Find(producer.Id), producer, startsAtZero);
        }
    }

    /// <summary>Ends a wait that <see cref="BeginVerification"/> began.</summary>
    internal void EndVerification(PartitionVerification verification)
    {
        lock (_gate)
        {
            _verifications.End(verification);
        }
    }

    /// <summary>
    /// Appends one batch of a producer. The records are readable by followers from now on, and by clients once committed; who must answer
    /// for them goes on with <see cref="Watch(in AppendOutcome, RequiredAcks, CommitWait, int)"/>. A transactional batch of a transaction
    /// that the log does not know is rejected, unless it was verified.
    /// </summary>
    /// <param name="records">Exactly one batch, changed in place.</param>
    /// <param name="acks">What the producer asked for.</param>
    /// <param name="wakes">Whom to wake.</param>
    /// <param name="behind">
    /// Why an earlier batch of the same producer was rejected that has not come again; none where there is none. What stands behind it is
    /// no producer's first batch.
    /// </param>
    public AppendOutcome Append(Memory<byte> records, RequiredAcks acks, WakeList wakes, ErrorCode behind = ErrorCode.None) =>
        Append(new BatchToAppend(records) { Behind = behind }, acks, wait: null, wakes);

    /// <summary>
    /// The same for a partition of a request; what is appended waits at once, so that a produce takes the lock once. Where nothing was
    /// appended the caller decides the slot.
    /// </summary>
    /// <param name="produced">The batch, and what is known of it.</param>
    /// <param name="acks">What the producer asked for.</param>
    /// <param name="wait">Who waits; null where the caller goes on with
    /// <see cref="Watch(in AppendOutcome, RequiredAcks, CommitWait, int)"/>.</param>
    /// <param name="wakes">Whom to wake.</param>
    internal AppendOutcome Append(in BatchToAppend produced, RequiredAcks acks, CommitWait? wait, WakeList wakes)
    {
        if (!_leads)
        {
            // A node that does not lead does not look into the batch.
            lock (_gate)
            {
                ErrorCode rejected = _replica.MayAppend(acks);
                if (rejected != ErrorCode.None)
                {
                    return Reject(rejected);
                }
            }
        }

        while (true)
        {
            // Decompression, checksum and the walk over the records take long, and need nothing that the lock guards.
            CheckedBatch batch = Log.Check(produced.Records, Volatile.Read(ref _settings).Append, _host.WallMs);
            Lock gate = _gate;
            SeededBugAppendsUnguarded(ref gate);
            lock (gate)
            {
                if (_settings.Append == batch.Settings)
                {
                    AppendOutcome outcome = AppendChecked(batch, produced, acks, wakes);
                    if (wait is not null && outcome.Error == ErrorCode.None)
                    {
                        Await(outcome, acks, wait, produced.Slot);
                    }

                    return outcome;
                }
            }
        }
    }

    static partial void SeededBugAppendsUnguarded(ref Lock gate);

    /// <summary>
    /// Appends the marker that ends a producer's transaction; see <see cref="PartitionLog.AppendMarker"/>. What was verified for the
    /// transaction counts no more.
    /// </summary>
    /// <param name="marker">The batch, changed in place.</param>
    /// <param name="transactionVersion">The version of the transaction.</param>
    /// <param name="epoch">The leadership in which it is to be written; None for any.</param>
    /// <param name="wakes">Whom to wake.</param>
    public AppendOutcome AppendMarker(Memory<byte> marker, short transactionVersion, LeaderEpoch epoch, WakeList wakes)
    {
        lock (_gate)
        {
            ErrorCode rejected = _replica.CheckLeadership(epoch);
            rejected = rejected == ErrorCode.None ? _replica.MayAppend(RequiredAcks.All) : rejected;
            if (rejected != ErrorCode.None)
            {
                return Reject(rejected);
            }

            RecordBatch.Read(marker.Span, out RecordBatch batch);
            _verifications.TransactionEnded(batch.ProducerId, batch.ProducerEpoch, transactionVersion);
            return Appended(Log.AppendMarker(marker, transactionVersion, _replica.LeaderEpoch, _host.WallMs), wakes);
        }
    }

    /// <summary>
    /// Appends batches that this node built (a coordinator's records, transaction markers), if it still leads in the epoch that their
    /// author knows.
    /// </summary>
    /// <param name="batches">Whole batches, changed in place.</param>
    /// <param name="epoch">The leadership in which they were decided; None for any.</param>
    /// <param name="acks">What they must wait for.</param>
    /// <param name="wakes">Whom to wake.</param>
    public AppendOutcome AppendBuilt(Memory<byte> batches, LeaderEpoch epoch, RequiredAcks acks, WakeList wakes)
    {
        lock (_gate)
        {
            ErrorCode rejected = _replica.CheckLeadership(epoch);
            rejected = rejected == ErrorCode.None ? _replica.MayAppend(acks) : rejected;
            return rejected != ErrorCode.None ? Reject(rejected)
                : _verifications.CheckBuilt(batches.Span, Log.Producers) is { } unverified
                    ? new AppendOutcome(unverified, _replica.LeaderEpoch)
                : Appended(Log.AppendBuilt(batches, _replica.LeaderEpoch, _host.WallMs), wakes);
        }
    }

    /// <summary>None when <see cref="AppendBuilt"/> would append now; else why it would not.</summary>
    public ErrorCode MayAppendBuilt(LeaderEpoch epoch, RequiredAcks acks)
    {
        lock (_gate)
        {
            ErrorCode fenced = _replica.CheckLeadership(epoch);
            return fenced == ErrorCode.None ? _replica.MayAppend(acks) : fenced;
        }
    }

    /// <summary>
    /// How far the log is committed as of a leadership of this node; an error when this node no longer leads in that epoch.
    /// </summary>
    public ErrorCode TryGetCommitted(LeaderEpoch epoch, out Offset committed)
    {
        lock (_gate)
        {
            committed = _replica.HighWatermark;
            return _closed ? ErrorCode.NotLeaderOrFollower : _replica.CheckLeadership(epoch);
        }
    }

    /// <summary>
    /// Lets a request wait for an append, in one of its slots. <c>acks=all</c>: until it is committed. <c>acks=1</c>: until this node has
    /// flushed it, where the topic flushes each append; else it is decided at once.
    /// </summary>
    public void Watch(in AppendOutcome append, RequiredAcks acks, CommitWait wait, int slot)
    {
        if (append.Error != ErrorCode.None)
        {
            wait.Decide(slot, append.Error);
            return;
        }

        lock (_gate)
        {
            Await(append, acks, wait, slot);
        }
    }

    // Readers.

    /// <summary>
    /// What a client may read from an offset on, or a follower whose fetch has waited: that fetch was counted when it came
    /// (<see cref="ReadAsFollower"/>) and is not counted again. Takes the lock for the decision, not for the bytes.
    /// </summary>
    public PartitionRead Read(in FetchPosition position, Audience audience, ReadBudget budget)
    {
        FetchVerdict verdict;
        ReadableLimits limits;
        lock (_gate)
        {
            verdict = audience == Audience.Follower ? _replica.RepeatedFetch(position, _epochs) : _replica.ClientFetch(position, _epochs);
            limits = Limits;
        }

        return PartitionRead.Of(_place, verdict, limits.For(audience), limits, position.FetchOffset, budget);
    }

    /// <summary>
    /// What a follower may read, once for each of its fetches; what it asks for counts as durable there, and may move the high watermark.
    /// </summary>
    public PartitionRead ReadAsFollower(in FetchingReplica follower, in FetchPosition position, ReadBudget budget, WakeList wakes)
    {
        FetchVerdict verdict;
        ReadableLimits limits;
        lock (_gate)
        {
            ApplyEffects(_replica.FollowerFetched(_host.NowMs, follower, position, _epochs, out verdict), wakes);
            _waiters.ReleaseDeletions(_replica, wakes);
            limits = Limits;
        }

        return PartitionRead.Of(_place, verdict, verdict.Limit, limits, position.FetchOffset, budget);
    }

    /// <summary>
    /// Registers a waiting fetch, once however often it looks again. False when there is news already, and nothing was registered: look
    /// again.
    /// </summary>
    public bool Watch(in DataInterest interest, DataWait wait) => Watch(interest, (IDataWatcher)wait);

    /// <summary>The same for any watcher; one of a session stays registered over many fetches, until there is news.</summary>
    internal bool Watch(in DataInterest interest, IDataWatcher watcher)
    {
        lock (_gate)
        {
            ReadableLimits limits = Limits;
            if (_replica.Role is not PartitionLeaderRole || limits.HasUpdates(interest))
            {
                return false;
            }

            _waiters.Readers.Set(watcher, interest);
            if (interest.LastSent is { } lastSent && lastSent != (limits.HighWatermark, Log.StartOffset))
            {
                watcher.OnLogChanged();
            }

            return true;
        }
    }

    /// <summary>Lets go of a watcher that wants no more news.</summary>
    internal void Unwatch(IDataWatcher watcher)
    {
        lock (_gate)
        {
            _waiters.Readers.Remove(watcher);
        }
    }

    /// <summary>
    /// Finds an offset by time, or one of the special timestamps of <see cref="OffsetLookup"/>; others are for the caller to reject.
    /// </summary>
    /// <param name="currentLeaderEpoch">The epoch that the asker believes in, or none.</param>
    /// <param name="timestamp">The time, or a special timestamp.</param>
    /// <param name="audience">How far the asker may see.</param>
    /// <param name="isAnyReplica">True when a follower may answer, from its own log (a debugging consumer).</param>
    public OffsetLookup FindOffset(LeaderEpoch currentLeaderEpoch, long timestamp, Audience audience, bool isAnyReplica = false)
    {
        ErrorCode error;
        ErrorCode latestError;
        Offset limit;
        lock (_gate)
        {
            error = isAnyReplica ? _replica.CheckReplica(currentLeaderEpoch) : _replica.CheckLeadership(currentLeaderEpoch);
            latestError = audience == Audience.Follower ? ErrorCode.None : _replica.MayTellLatest();
            limit = Limits.For(audience);
        }

        return error != ErrorCode.None ? OffsetLookup.Failed(error) : OffsetLookup.In(_place, timestamp, limit, latestError);
    }

    /// <summary>
    /// Where an epoch ends in this leader's log (OffsetForLeaderEpoch), unknown for one of the future; the error says why this node cannot
    /// tell.
    /// </summary>
    public (ErrorCode Error, EpochEnd End) EndOfEpoch(LeaderEpoch currentLeaderEpoch, LeaderEpoch requested)
    {
        lock (_gate)
        {
            ErrorCode error = _replica.CheckLeadership(currentLeaderEpoch);
            bool canTell = error == ErrorCode.None && requested <= _replica.LeaderEpoch;
            return (error, canTell ? _epochs.EndOf(requested) : EpochEnd.Unknown);
        }
    }

    /// <summary>
    /// Removes records below an offset, at most up to the high watermark (DeleteRecords): <see cref="ErrorCode.OffsetOutOfRange"/> beyond
    /// it. <see cref="Offset.None"/> means the high watermark. The result is the new start.
    /// </summary>
    public (ErrorCode Error, Offset Start) DeleteRecords(Offset before, WakeList wakes)
    {
        lock (_gate)
        {
            if (_replica.Role is not PartitionLeaderRole)
            {
                return (ErrorCode.NotLeaderOrFollower, Offset.None);
            }

            Offset limit = _replica.HighWatermark;
            Offset target = before == Offset.None ? limit : before;
            SeededBugDeletesUncommitted(ref target, ref limit);
            if (target > limit || target < Offset.Zero)
            {
                return (ErrorCode.OffsetOutOfRange, Offset.None);
            }

            AdvanceStart(target, wakes);
            return (ErrorCode.None, Log.StartOffset);
        }
    }

    partial void SeededBugDeletesUncommitted(ref Offset target, ref Offset limit);

    /// <summary>
    /// Lets a request wait until the logs of all in-sync replicas begin at an offset or after it: then what lay below is deleted
    /// everywhere.
    /// </summary>
    public void WatchDeletion(Offset start, CommitWait wait, int slot)
    {
        lock (_gate)
        {
            _waiters.Await(new CommitLedger.Entry(start, _replica.LeaderEpoch, Awaited.Deletion, wait, slot), _replica);
        }
    }

    // Metadata, time, the flusher and the controller.

    /// <summary>Takes what metadata says. A new leader notes where its epoch begins; whoever waited on the old role is woken.</summary>
    public void Apply(PartitionState state, BrokerEpoch registeredAs, WakeList wakes)
    {
        lock (_gate)
        {
            PartitionRole before = _replica.Role;
            int inSyncBefore = _replica.State?.InSync.Count ?? 0;
            PartitionEffects effects = _replica.Apply(_host.NowMs, state, registeredAs, _epochs);
            if (_replica.Role is PartitionLeaderRole leader && !ReferenceEquals(before, leader))
            {
                Log.BeginEpoch(leader.Epoch);
                _verifications.Clear();
                _host.Counters.BeganToLead();
            }
            else if (_replica.Role is PartitionLeaderRole)
            {
                _host.Counters.InSyncChanged(inSyncBefore, state.InSync.Count);
            }

            ApplyEffects(effects, wakes);
            _waiters.Release(_replica, wakes);
        }
    }

    /// <summary>Takes changed settings.</summary>
    public void Configure(PartitionSettings settings, WakeList wakes)
    {
        lock (_gate)
        {
            if (settings != _settings)
            {
                Volatile.Write(ref _settings, settings);
                _isThrottled = settings.IsThrottled(Id.Partition, _host.Self);
                Log.Settings = settings.Log;
                OnLogChanged(wakes);
                Following.Changed(wakes);
            }
        }
    }

    /// <summary>More of the log is on the disk.</summary>
    public void Flushed(WakeList wakes)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                Log.OnFlushed();
                OnLogChanged(wakes);
                if (_replica.Role is PartitionFollowerRole && _place.DurableEnd == Log.EndOffset)
                {
                    Following.Changed(wakes);
                }
            }
        }
    }

    /// <summary>The time has come that was left with <see cref="PartitionTimes"/>; what was due then may be due later by now.</summary>
    internal void Tick(WakeList wakes)
    {
        lock (_gate)
        {
            _tickMs = long.MaxValue;
            long now = _host.NowMs;
            ApplyEffects(!_closed && _replica.NextDeadlineMs <= now ? _replica.Tick(now) : PartitionEffects.None, wakes);
        }
    }

    /// <summary>The end of a proposal that was sent through <see cref="IIsrProposals"/>.</summary>
    public void OnProposalResponse(IsrProposal proposal, in IsrResponse response, WakeList wakes)
    {
        lock (_gate)
        {
            ApplyEffects(_replica.OnProposalResponse(_host.NowMs, proposal, response), wakes);
            _waiters.Release(_replica, wakes);
        }
    }

    /// <summary>The partition leaves this node with its log: whoever waits is told that this node does not lead.</summary>
    public void Delete(WakeList wakes)
    {
        lock (_gate)
        {
            _closed = true;
            Following.Close();
            _place.Delete();
            if (_replica.State is { } last)
            {
                PartitionState gone = last with
                {
                    Leader = NodeId.None,
                    LeaderEpoch = last.LeaderEpoch.Next(),
                    PartitionEpoch = last.PartitionEpoch.Next(),
                };
                ApplyEffects(_replica.Apply(_host.NowMs, gone, BrokerEpoch.None, _epochs), wakes);
            }

            _waiters.Release(_replica, wakes);
            _waiters.Readers.ReleaseAll(wakes);
        }
    }

    /// <summary>Whom to wake from now on when the high watermark or this node's role has changed. One at a time.</summary>
    internal void ObserveCommits(AsyncSignal observer)
    {
        lock (_gate)
        {
            _waiters.Observe(observer);
        }
    }

    /// <summary>Takes an observer away, if another has not taken its place.</summary>
    internal void EndObservation(AsyncSignal observer)
    {
        lock (_gate)
        {
            _waiters.EndObservation(observer);
        }
    }

    private AppendOutcome AppendChecked(in CheckedBatch batch, in BatchToAppend produced, RequiredAcks acks, WakeList wakes)
    {
        ErrorCode rejected = _replica.MayAppend(acks);
        if (
            rejected == ErrorCode.None
            && produced.Behind != ErrorCode.None
            && batch.Rejection is null
            && Log.Producers.Find(batch.Producer.Id) is null
        )
        {
            rejected = produced.Behind;
        }

        return rejected != ErrorCode.None ? Reject(rejected)
            : _verifications.Check(batch, Log.Producers, produced.Verification) is { } unverified
                ? new AppendOutcome(unverified, _replica.LeaderEpoch)
            : Appended(Log.AppendAsLeader(batch, _replica.LeaderEpoch, _host.WallMs), wakes);
    }

    private void Await(in AppendOutcome append, RequiredAcks acks, CommitWait wait, int slot)
    {
        if (acks == RequiredAcks.None)
        {
            wait.Decide(slot, ErrorCode.None);
            return;
        }

        Awaited what = acks == RequiredAcks.All ? Awaited.Commit : Awaited.LocalFlush;
        _waiters.Await(new CommitLedger.Entry(append.End, append.Epoch, what, wait, slot), _replica);
    }

    private AppendOutcome Appended(in AppendResult result, WakeList wakes)
    {
        if (result.IsAccepted && !result.IsDuplicate)
        {
            OnLogChanged(wakes);
        }

        return new AppendOutcome(result, _replica.LeaderEpoch);
    }

    private AppendOutcome Reject(ErrorCode error) => AppendOutcome.Rejected(error, Name, _replica.LeaderEpoch);

    private void AdvanceStart(Offset start, WakeList wakes)
    {
        if (start > Log.StartOffset)
        {
            Log.AdvanceStart(start);
            OnLogChanged(wakes);
        }
    }

    private void OnLogChanged(WakeList wakes)
    {
        _place.Follow();
        if (_replica.Log.Start != Log.StartOffset)
        {
            Following.Changed(wakes);
        }

        ApplyEffects(_replica.OnLogChanged(_host.NowMs, Extent), wakes);
        _waiters.Release(_replica, wakes);
        if (!_waiters.Readers.IsEmpty)
        {
            _waiters.Readers.Release(Limits, wakes);
        }
    }

    private void ApplyEffects(in PartitionEffects effects, WakeList wakes)
    {
        if (effects.HighWatermark is { } highWatermark)
        {
            Log.SetHighWatermark(highWatermark);
            _waiters.Release(_replica, wakes);
            _waiters.Readers.Release(Limits, wakes);
        }

        if (effects.RoleChanged)
        {
            _leads = _replica.Role is PartitionLeaderRole;
            _waiters.Release(_replica, wakes);
            _waiters.Readers.ReleaseAll(wakes);
        }

        if (effects.RoleChanged || effects.HighWatermark is not null)
        {
            _waiters.CommitsMayHaveChanged(wakes);
        }

        if (effects.Proposal is { } proposal)
        {
            _host.Proposals.Send(this, proposal);
        }

        if (_replica.NextDeadlineMs < _tickMs && !_closed)
        {
            _tickMs = _replica.NextDeadlineMs.Value;
            _host.Times.Add(this, _tickMs);
        }
    }
}
