using RaftLog.Protocol;
using RaftLog.Protocol.Wire;
using RaftLog.Raft;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// The shell around one Raft core: does what the effects ask for, each lane at its own pace, over a disk that a crash can cut. It decides
/// nothing, and has the witness compare what leaves the node with what its disk holds.
/// </summary>
internal sealed class QuorumReplica
{
    private const long SnapshotSize = 3;
    private readonly IQuorumWorld _world;
    private List<RaftEffect> _effects = [];
    private List<RaftEffect> _starting = [];
    private readonly Dictionary<long, object> _payloads = [];
    private readonly Dictionary<long, (RaftRequest Request, Action<RaftReply> Respond)> _callers = [];
    private readonly List<(RaftFetchRequest Request, Action<RaftReply, object?> Respond, int Ticket)> _waiting = [];
    private readonly List<Action> _whilePaused = [];
    private readonly Queue<RaftEffect.PersistElectionState> _stateLane = [];
    private readonly Queue<RaftEffect> _logLane = [];
    private (SnapshotId Id, long Bytes)? _partialSnapshot;
    private long _lastCaller;
    private int _lastTicket;
    private long _stateLaneFreeMs;
    private long _logLaneFreeMs;
    private long _tickAtMs = long.MaxValue;
    private bool _isFlushing;
    private int _flushes;
    private int _truncations;
    private long _flushedEnd;
    private bool _isExecuting;

    public QuorumReplica(IQuorumWorld world, RaftConfig config)
    {
        _world = world;
        Config = config;
        world.Witness.Watch(this);
    }

    public RaftConfig Config { get; }

    public NodeId Id => Config.Local.Id;

    public QuorumDisk Disk { get; } = new();

    /// <summary>Where the next record will lie.</summary>
    public Offset EndOffset => new(Disk.Written.End);

    /// <summary>What is built on the log; null when nothing is.</summary>
    public IQuorumOwner? Owner { get; set; }

    public RaftCore? Core { get; private set; }

    public int Incarnation { get; private set; }

    public bool IsPaused { get; private set; }

    /// <summary>True while pieces of a snapshot have come and not all of it.</summary>
    public bool HasPartOfSnapshot => _partialSnapshot is { Bytes: < SnapshotSize };

    /// <summary>The leadership that the core announced, while it lasts.</summary>
    public LeaderEpoch? Leads { get; private set; }

    /// <summary>The highest epoch that anyone may have heard of from this node.</summary>
    public LeaderEpoch ExposedEpoch { get; private set; } = LeaderEpoch.None;

    public Offset LastHighWatermark { get; set; } = Offset.Zero;

    public LeaderEpoch LastEpoch { get; set; } = LeaderEpoch.None;

    public void Start()
    {
        Incarnation++;
        _payloads.Clear();
        _callers.Clear();
        _waiting.Clear();
        _stateLane.Clear();
        _logLane.Clear();
        _partialSnapshot = null;
        _stateLaneFreeMs = _logLaneFreeMs = 0;
        _tickAtMs = long.MaxValue;
        _isFlushing = false;
        _flushedEnd = Disk.Written.End;
        Leads = null;
        LastHighWatermark = Offset.Zero;
        LastEpoch = LeaderEpoch.None;
        for (long offset = Disk.Written.Start.EndOffset.Value; offset < Disk.Written.End; offset++)
        {
            _world.Witness.Shows(this, offset, Disk.Written.At(offset));
        }

        Core = new RaftCore(Config, Disk.Election, Disk.Recover(), new Chance(_world.Chance.NextBits()), _world.NowMs);
        _world.Say($"{Id} starts {Disk.Election} log {Disk.Written.Start.EndOffset}..{Disk.Written.End} as {Core.Role.GetType().Name}");
        Execute();
    }

    /// <summary>The process ends: killed, with its page cache kept, or with the power of its machine.</summary>
    public void Crash(bool losesPower = true)
    {
        _world.Say($"{Id} {(losesPower ? "loses power" : "is killed")}");
        Core = null;
        IsPaused = false;
        _whilePaused.Clear();
        Incarnation++;
        Disk.Crash(losesPower ? _world.Chance.Next(0, Disk.Unsynced + 1) : Disk.Unsynced);
        if (_world.Lies.WipesDisks && _world.Chance.PerMille(500))
        {
            Disk.Wipe();
        }
    }

    public void Pause() => IsPaused = Core is not null;

    public void Resume()
    {
        IsPaused = false;
        Action[] waiting = [.. _whilePaused];
        _whilePaused.Clear();
        foreach (Action action in waiting)
        {
            action();
        }
    }

    /// <summary>Gives the core an input, now or when it runs again.</summary>
    public void Input(Action<RaftCore, long> input)
    {
        int incarnation = Incarnation;
        if (IsPaused)
        {
            _whilePaused.Add(() =>
            {
                if (incarnation == Incarnation)
                {
                    Input(input);
                }
            });
            return;
        }

        if (Core is { } core)
        {
            input(core, _world.NowMs);
            Execute();
        }
    }

    /// <summary>Appends a record whose content does not matter, if this replica leads.</summary>
    public void Propose() => TryAppend([null]);

    /// <summary>Appends one batch; its base offset, or null when this replica may not append.</summary>
    public Offset? TryAppend(IReadOnlyList<IMetadataRecord?> records)
    {
        if (Core is not { } core || IsPaused || core.PrepareAppend() is not { Error: ErrorCode.None } grant)
        {
            return null;
        }

        AlarmException.Unless(
            grant.BaseOffset.Value == Disk.Written.End,
            "append-at-end",
            $"{Id} would append at {grant.BaseOffset}, its log ends at {Disk.Written.End}"
        );
        AppendOwn(grant.Epoch, records);
        Input((_, now) => core.LogAppended(now, new Offset(Disk.Written.End), grant.Epoch));
        return grant.BaseOffset;
    }

    /// <summary>Writes a snapshot of what is committed, unless there is one already.</summary>
    /// <param name="end">The first offset that it does not hold.</param>
    /// <param name="content">What it says.</param>
    /// <param name="truncatesFront">True to drop what it holds from the log.</param>
    public void TakeSnapshot(Offset end, object? content, bool truncatesFront)
    {
        if (Core is not { } core || IsPaused || end <= Disk.LatestSnapshot.EndOffset)
        {
            return;
        }

        var id = new SnapshotId(end, Disk.Written.EpochBelow(end.Value));
        QuorumSnapshot snapshot = new(id, Disk.Written.HashBelow(id.EndOffset.Value)!.Value, content);
        Disk.Snapshots[id.EndOffset.Value] = snapshot;
        _world.Say($"{Id} takes snapshot {id}");
        Input((c, now) => c.SnapshotTaken(now, id));
        if (truncatesFront && core.FlushedEnd >= id.EndOffset && !_isFlushing)
        {
            Disk.TruncateFront(snapshot);
            Input((c, now) => c.LogStartAdvanced(now, id));
        }
    }

    public void Receive(RaftRequest request, Action<RaftReply, object?> response)
    {
        long caller = ++_lastCaller;
        switch (request)
        {
            case RaftVoteRequest vote:
                _callers[caller] = (request, reply => response(reply, null));
                Input((core, now) => core.HandleVote(now, caller, vote));
                break;
            case RaftBeginEpochRequest begin:
                _callers[caller] = (request, reply => response(reply, null));
                Input((core, now) => core.HandleBeginEpoch(now, caller, begin));
                break;
            case RaftEndEpochRequest end:
                _callers[caller] = (request, reply => response(reply, null));
                Input((core, now) => core.HandleEndEpoch(now, caller, end));
                break;
            case RaftFetchRequest fetch:
                Input((core, now) => Respond(fetch, core.HandleFetch(now, fetch), response, mayWait: true));
                break;
            case RaftFetchSnapshotRequest snapshot:
                Input((core, now) => Respond(snapshot, core.HandleFetchSnapshot(now, snapshot), response));
                break;
        }
    }

    public void ReceiveReply(long requestId, RaftReply reply, object? payload)
    {
        if (payload is not null)
        {
            _payloads[requestId] = payload;
        }

        Input(
            (core, now) =>
            {
                switch (reply)
                {
                    case RaftVoteReply vote:
                        core.HandleVoteReply(now, requestId, vote);
                        break;
                    case RaftEpochReply epoch:
                        core.HandleEpochReply(now, requestId, epoch);
                        break;
                    case RaftFetchReply fetch:
                        core.HandleFetchReply(now, requestId, fetch);
                        break;
                    case RaftFetchSnapshotReply snapshot:
                        core.HandleFetchSnapshotReply(now, requestId, snapshot);
                        break;
                }
            }
        );
    }

    private void Respond(RaftFetchRequest request, FetchDecision response, Action<RaftReply, object?> send, bool mayWait)
    {
        if (response.Kind == FetchDecisionKind.Wait && mayWait)
        {
            int ticket = ++_lastTicket;
            _waiting.Add((request, send, ticket));
            Later(
                _world.FetchWait(),
                () =>
                    Input(
                        (core, now) =>
                        {
                            core.Tick(now);
                            int index = _waiting.FindIndex(waiting => waiting.Ticket == ticket);
                            if (index >= 0)
                            {
                                _waiting.RemoveAt(index);
                                Respond(request, core.AskAgain(request, isOver: true), send, mayWait: false);
                            }
                        }
                    )
            );
            return;
        }

        AlarmException.Unless(response.Kind != FetchDecisionKind.Wait, "fetch-is-answered", $"{Id} lets a fetch wait whose time is over");
        Expose(response.Leader.Epoch);
        List<QuorumEntry>? records = null;
        if (response.Kind == FetchDecisionKind.Records)
        {
            _world.Witness.Promises(
                Disk.Election == new ElectionState(response.Leader.Epoch, Id, ReplicaKey.None),
                $"{Id} serves records before its leadership is on disk"
            );
            long to = Math.Min(response.ReadTo.Value, response.ReadFrom.Value + _world.Chance.Between(1, _world.MostFetched));
            for (
                long offset = response.ReadFrom.Value;
                offset < to || (offset < response.ReadTo.Value && records is [.., { EndsBatch: false }]);
                offset++
            )
            {
                _world.Witness.Shows(this, offset, Disk.Written.At(offset));
                (records ??= []).Add(Disk.Written.At(offset));
            }
        }

        LogPosition? diverging = response.Kind == FetchDecisionKind.Diverging ? response.Diverging : null;
        SnapshotId? snapshot = response.Kind == FetchDecisionKind.Snapshot ? response.Snapshot : null;
        send(
            new RaftFetchReply(response.Error, response.Leader, response.HighWatermark, diverging, snapshot, records is not null),
            records
        );
    }

    private void Respond(RaftFetchSnapshotRequest request, RaftEpochReply response, Action<RaftReply, object?> send)
    {
        Expose(response.Leader.Epoch);
        ErrorCode error = response.Error;
        if (
            error == ErrorCode.None
            && Disk.Snapshots.TryGetValue(request.Snapshot.EndOffset.Value, out QuorumSnapshot? found)
            && found.Id == request.Snapshot
        )
        {
            send(new RaftFetchSnapshotReply(error, response.Leader, request.Snapshot, SnapshotSize, request.Position, 1), found);
            return;
        }

        error = error == ErrorCode.None ? ErrorCode.SnapshotNotFound : error;
        send(new RaftFetchSnapshotReply(error, response.Leader, request.Snapshot, 0, 0, 0), null);
    }

    private void Later(int delayMs, Action action)
    {
        int incarnation = Incarnation;
        _world.At(
            _world.NowMs + delayMs,
            () =>
            {
                if (incarnation == Incarnation)
                {
                    action();
                }
            }
        );
    }

    private void Execute()
    {
        if (_isExecuting || Core is not { } core)
        {
            return;
        }

        _isExecuting = true;
        for (core.DrainEffects(_effects); _effects.Count > 0; core.DrainEffects(_effects))
        {
            (_effects, _starting) = (_starting, _effects);
            foreach (RaftEffect effect in _starting)
            {
                Start(effect);
            }

            _starting.Clear();
            Owner?.Settled();
        }

        _isExecuting = false;
        _world.Witness.Look(this, core);
        ScheduleTick(core);
    }

    private void ScheduleTick(RaftCore core)
    {
        long deadline = core.NextDeadlineMs;
        AlarmException.Unless(
            deadline > _world.NowMs,
            "deadline-lies-ahead",
            $"{Id} as {core.Role.GetType().Name} wants to be called again at {deadline}"
        );
        if (deadline == long.MaxValue || deadline >= _tickAtMs)
        {
            return;
        }

        _tickAtMs = deadline;
        int incarnation = Incarnation;
        _world.At(
            deadline,
            () =>
            {
                if (incarnation == Incarnation && _tickAtMs == deadline)
                {
                    _tickAtMs = long.MaxValue;
                    Input((c, now) => c.Tick(now));
                }
            }
        );
    }

    private void Start(RaftEffect effect)
    {
        switch (effect)
        {
            case RaftEffect.PersistElectionState persist:
                _stateLane.Enqueue(persist);
                _stateLaneFreeMs = Math.Max(_stateLaneFreeMs, _world.NowMs) + _world.DiskDelay();
                Later(
                    (int)(_stateLaneFreeMs - _world.NowMs),
                    () =>
                    {
                        RaftEffect.PersistElectionState next = _stateLane.Dequeue();
                        Disk.Election = next.State;
                        Input((core, now) => core.ElectionStatePersisted(now, next.Token));
                    }
                );
                if (_world.Lies.AboutVotes)
                {
                    Input((core, now) => core.ElectionStatePersisted(now, persist.Token));
                }

                break;
            case RaftEffect.SendRequest send:
                CheckPromise(send.Request);
                _world.Send(this, send.RequestId, send.To, send.Request);
                break;
            case RaftEffect.SendReply reply:
                if (_callers.Remove(reply.Caller, out (RaftRequest Request, Action<RaftReply> Respond) caller))
                {
                    CheckPromise(caller.Request, reply.Reply);
                    caller.Respond(reply.Reply);
                }

                break;
            case RaftEffect.AppendLeaderChange
            or RaftEffect.AppendFetched
            or RaftEffect.TruncateLog
            or RaftEffect.WriteSnapshotChunk
            or RaftEffect.InstallSnapshot:
                _logLaneFreeMs = Math.Max(_logLaneFreeMs, _world.NowMs) + (_world.Chance.PerMille(200) ? _world.DiskDelay() : 0);
                _logLane.Enqueue(effect);
                Later((int)(_logLaneFreeMs - _world.NowMs), () => ChangeLog(_logLane.Dequeue()));
                break;
            case RaftEffect.LeadershipGained gained:
                Leads = gained.Epoch;
                _world.Say($"{Id} leads the quorum in epoch {gained.Epoch} from {gained.EpochStart}");
                _world.Witness.Leads(this, gained.Epoch);
                Owner?.LeadershipGained(gained.Epoch, gained.EpochStart);
                break;
            case RaftEffect.LeadershipLost:
                Leads = null;
                Owner?.LeadershipLost();
                break;
            case RaftEffect.HighWatermarkAdvanced advanced:
                _world.Witness.Commits(this, advanced.HighWatermark);
                Owner?.Committed(advanced.HighWatermark);
                break;
            case RaftEffect.WakeFetches:
                (RaftFetchRequest Request, Action<RaftReply, object?> Respond, int Ticket)[] waiting = [.. _waiting];
                _waiting.Clear();
                foreach ((RaftFetchRequest request, Action<RaftReply, object?> response, int ticket) in waiting)
                {
                    FetchDecision again = Core!.AskAgain(request, isOver: false);
                    if (again.Kind == FetchDecisionKind.Wait)
                    {
                        _waiting.Add((request, response, ticket));
                    }
                    else
                    {
                        Respond(request, again, response, mayWait: false);
                    }
                }

                break;
        }
    }

    private void ChangeLog(RaftEffect effect)
    {
        switch (effect)
        {
            case RaftEffect.AppendLeaderChange change:
                AlarmException.Unless(
                    change.BaseOffset.Value == Disk.Written.End,
                    "append-at-end",
                    $"{Id} would open its epoch at {change.BaseOffset}, its log ends at {Disk.Written.End}"
                );
                AppendOwn(change.Epoch, [null]);
                Input((core, now) => core.LogAppended(now, new Offset(Disk.Written.End), change.Epoch));
                break;
            case RaftEffect.AppendFetched fetched:
                AppendFetched(fetched);
                break;
            case RaftEffect.TruncateLog truncate:
                _world.Say($"{Id} truncates {Disk.Written.End} to {truncate.EndOffset}");
                _truncations++;
                Disk.Truncate(truncate.EndOffset.Value);
                _flushedEnd = Math.Min(_flushedEnd, truncate.EndOffset.Value);
                Input((core, now) => core.LogTruncated(now, truncate.Token, truncate.EndOffset, new Offset(_flushedEnd)));
                Flush();
                break;
            case RaftEffect.WriteSnapshotChunk chunk:
                AlarmException.Unless(
                    chunk.Position == 0 || _partialSnapshot == (chunk.Snapshot, chunk.Position),
                    "snapshot-in-order",
                    $"{Id} writes a piece of {chunk.Snapshot} out of order"
                );
                _partialSnapshot = (chunk.Snapshot, chunk.Position + 1);
                _payloads[-1] = _payloads[chunk.RequestId];
                break;
            case RaftEffect.InstallSnapshot install:
                AlarmException.Unless(
                    _partialSnapshot == (install.Snapshot, SnapshotSize),
                    "snapshot-is-whole",
                    $"{Id} installs an unfinished snapshot"
                );
                _world.Say($"{Id} installs {install.Snapshot}");
                _truncations++;
                var whole = (QuorumSnapshot)_payloads[-1];
                Disk.Install(whole);
                _flushedEnd = Disk.Written.End;
                _isFlushing = false;
                _flushes++;
                Owner?.SnapshotInstalled(install.Snapshot, whole.Content);
                Input((core, now) => core.SnapshotInstalled(now, install.Token, install.Snapshot));
                break;
        }
    }

    private void AppendOwn(LeaderEpoch epoch, IReadOnlyList<IMetadataRecord?> records)
    {
        var batch = new QuorumEntry[records.Count];
        ulong hash = Disk.Written.HashBelow(Disk.Written.End)!.Value;
        for (int index = 0; index < batch.Length; index++)
        {
            long value = (long)(_world.Chance.NextBits() >> 1);
            hash = QuorumLog.Chain(hash, epoch, value);
            batch[index] = new QuorumEntry(epoch, value, hash, index == batch.Length - 1, records[index]);
        }

        Disk.Append(batch);
        Flush();
    }

    /// <summary>Appends what was fetched, batch by batch, if it still follows the log's end.</summary>
    private void AppendFetched(RaftEffect.AppendFetched fetched)
    {
        _payloads.Remove(fetched.RequestId, out object? payload);
        var entries = (List<QuorumEntry>)payload!;
        int from = 0;
        for (int index = 0; index < entries.Count; index++)
        {
            if (!entries[index].EndsBatch)
            {
                continue;
            }

            QuorumEntry[] batch = entries.GetRange(from, index + 1 - from).ToArray();
            from = index + 1;
            ulong follows = QuorumLog.Chain(Disk.Written.HashBelow(Disk.Written.End)!.Value, batch[0].Epoch, batch[0].Value);
            AlarmException.Unless(
                follows == batch[0].Hash,
                "append-follows",
                $"{Id} appends at {Disk.Written.End} what does not follow its log"
            );
            Disk.Append(batch);
            Flush();
            var end = new Offset(Disk.Written.End);
            LeaderEpoch epoch = batch[^1].Epoch;
            Input((core, now) => core.LogAppended(now, end, epoch));
        }

        Input((core, now) => core.FetchedAppended(now, fetched.Token, entries.Count > 0));
    }

    private void Flush()
    {
        if (_isFlushing || Disk.Unsynced == 0)
        {
            return;
        }

        if (_world.Lies.AboutFlushes)
        {
            long claimed = Disk.Written.End;
            Later(0, () => Input((core, now) => core.LogFlushed(now, new Offset(claimed))));
        }

        _isFlushing = true;
        int flush = ++_flushes;
        int writes = Disk.Unsynced;
        long end = Disk.Written.End;
        int truncations = _truncations;
        Later(
            _world.DiskDelay(),
            () =>
            {
                if (flush != _flushes)
                {
                    // An installed snapshot made everything durable on the way; what came since has a flush of its own.
                    return;
                }

                _isFlushing = false;
                Disk.Sync(writes);
                if (truncations == _truncations)
                {
                    _flushedEnd = Math.Max(_flushedEnd, end);
                    Input((core, now) => core.LogFlushed(now, new Offset(_flushedEnd)));
                }

                Flush();
            }
        );
    }

    private void CheckPromise(RaftRequest request)
    {
        switch (request)
        {
            case RaftVoteRequest vote:
                Expose(vote.Epoch);
                _world.Witness.Promises(
                    vote.PreVote
                        || (Disk.Election.Epoch == vote.Epoch && Disk.Election.Voted == Config.Local)
                        || Disk.Election.Epoch > vote.Epoch,
                    $"{Id} asks for votes in {vote.Epoch} before its own is on disk"
                );
                CheckClaim(vote.Log);
                break;
            case RaftFetchRequest fetch:
                Expose(fetch.Epoch);
                if (Config.IsVoter)
                {
                    CheckClaim(fetch.Position);
                }

                break;
        }
    }

    private void CheckClaim(LogPosition claim) =>
        _world.Witness.Promises(
            claim.EndOffset.Value <= Disk.Durable.End
                && (
                    claim.EndOffset.Value < Disk.Durable.Start.EndOffset.Value
                    || Disk.Durable.EpochBelow(claim.EndOffset.Value) == claim.Epoch
                ),
            $"{Id} claims {claim}, its disk has {Disk.Durable.End}"
        );

    private void CheckPromise(RaftRequest request, RaftReply reply)
    {
        Expose(reply.Leader.Epoch);
        if (request is RaftVoteRequest { PreVote: false } vote && reply is RaftVoteReply { Granted: true })
        {
            _world.Witness.Promises(
                Disk.Election.Epoch > vote.Epoch || (Disk.Election.Epoch == vote.Epoch && Disk.Election.Voted == vote.Candidate),
                $"{Id} grants {vote.Candidate.Id} its vote in {vote.Epoch} before that is on disk"
            );
        }
    }

    private void Expose(LeaderEpoch epoch) => ExposedEpoch = epoch > ExposedEpoch ? epoch : ExposedEpoch;
}
