using RaftLog.Protocol;

namespace RaftLog.Raft.Tests.Simulation;

/// <summary>The shell around one core: does what the effects ask for, each lane at its own pace.</summary>
internal sealed class SimNode
{
    private readonly SimCluster _cluster;
    private readonly List<RaftEffect> _effects = [];
    private readonly Dictionary<long, object> _payloads = [];
    private readonly Dictionary<long, (RaftRequest Request, Action<RaftReply> Answer)> _callers = [];
    private readonly List<(RaftFetchRequest Request, Action<RaftReply, object?> Answer, int Ticket)> _waiting = [];
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
    private int _truncations;
    private long _flushedEnd;
    private bool _isExecuting;

    public SimNode(SimCluster cluster, RaftConfig config)
    {
        _cluster = cluster;
        Config = config;
    }

    public RaftConfig Config { get; }

    public NodeId Id => Config.Local.Id;

    public SimDisk Disk { get; } = new();

    public RaftCore? Core { get; private set; }

    public int Incarnation { get; private set; }

    public bool IsPaused { get; private set; }

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
            _cluster.CheckEntry(this, offset, Disk.Written.At(offset));
        }

        Core = new RaftCore(Config, Disk.Election, Disk.Recover(), new SeededRandom(_cluster.Random.NextBits()), _cluster.NowMs);
        _cluster.Trace($"{Id} starts {Disk.Election} log {Disk.Written.Start.EndOffset}..{Disk.Written.End} as {Core.Role.GetType().Name}");
        Execute();
    }

    public void Crash()
    {
        _cluster.Trace($"{Id} crashes");
        Core = null;
        IsPaused = false;
        _whilePaused.Clear();
        Incarnation++;
        Disk.Crash(_cluster.Random.Next(0, Disk.Unsynced + 1));
        if (_cluster.Faults.WipesDisks && _cluster.Random.Chance(500))
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
            input(core, _cluster.NowMs);
            Execute();
        }
    }

    public void Propose(long value)
    {
        if (Core is not { } core || IsPaused)
        {
            return;
        }

        AppendGrant grant = core.PrepareAppend();
        if (grant.Error == ErrorCode.None)
        {
            _cluster.Check(grant.BaseOffset.Value == Disk.Written.End, $"{Id} would append at {grant.BaseOffset}, its log ends at {Disk.Written.End}");
            AppendEntry(Disk.Written.Next(grant.Epoch, value));
            Input((_, now) => core.LogAppended(now, new Offset(Disk.Written.End), grant.Epoch));
        }
    }

    public void TakeSnapshot(bool cutsFront)
    {
        if (Core is not { } core || IsPaused || core.HighWatermark.Value <= Disk.LatestSnapshot.EndOffset.Value)
        {
            return;
        }

        var id = new SnapshotId(core.HighWatermark, Disk.Written.EpochBelow(core.HighWatermark.Value));
        ulong hash = Disk.Written.HashBelow(id.EndOffset.Value)!.Value;
        Disk.Snapshots[id.EndOffset.Value] = (id, hash);
        _cluster.Trace($"{Id} takes snapshot {id}");
        Input((c, now) => c.SnapshotTaken(now, id));
        if (cutsFront && core.FlushedEnd >= id.EndOffset && !_isFlushing)
        {
            Disk.CutFront(id, hash);
            Input((c, now) => c.LogStartAdvanced(now, id));
        }
    }

    public void Receive(RaftRequest request, Action<RaftReply, object?> answer)
    {
        long caller = ++_lastCaller;
        switch (request)
        {
            case RaftVoteRequest vote:
                _callers[caller] = (request, reply => answer(reply, null));
                Input((core, now) => core.HandleVote(now, caller, vote));
                break;
            case RaftBeginEpochRequest begin:
                _callers[caller] = (request, reply => answer(reply, null));
                Input((core, now) => core.HandleBeginEpoch(now, caller, begin));
                break;
            case RaftEndEpochRequest end:
                _callers[caller] = (request, reply => answer(reply, null));
                Input((core, now) => core.HandleEndEpoch(now, caller, end));
                break;
            case RaftFetchRequest fetch:
                Input((core, now) => Answer(fetch, core.HandleFetch(now, fetch), answer, mayWait: true));
                break;
            case RaftFetchSnapshotRequest snapshot:
                Input((core, now) => Answer(snapshot, core.HandleFetchSnapshot(now, snapshot), answer));
                break;
        }
    }

    public void ReceiveReply(long requestId, RaftReply reply, object? payload)
    {
        if (payload is not null)
        {
            _payloads[requestId] = payload;
        }

        Input((core, now) =>
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
        });
    }

    private void Answer(RaftFetchRequest request, FetchAnswer answer, Action<RaftReply, object?> send, bool mayWait)
    {
        if (answer.Kind == FetchAnswerKind.Wait && mayWait)
        {
            int ticket = ++_lastTicket;
            _waiting.Add((request, send, ticket));
            Later(_cluster.Random.Next(20, 200), () => Input((core, now) =>
            {
                core.Tick(now);
                int index = _waiting.FindIndex(waiting => waiting.Ticket == ticket);
                if (index >= 0)
                {
                    _waiting.RemoveAt(index);
                    Answer(request, core.AskAgain(request, isOver: true), send, mayWait: false);
                }
            }));
            return;
        }

        _cluster.Check(answer.Kind != FetchAnswerKind.Wait, "a fetch whose time is over must be answered");
        Expose(answer.Leader.Epoch);
        List<Entry>? records = null;
        if (answer.Kind == FetchAnswerKind.Records)
        {
            CheckPromise(Disk.Election == new ElectionState(answer.Leader.Epoch, Id, ReplicaKey.None), $"{Id} serves records before its leadership is on disk");
            long to = Math.Min(answer.ReadTo.Value, answer.ReadFrom.Value + _cluster.Random.Next(1, 6));
            for (long offset = answer.ReadFrom.Value; offset < to; offset++)
            {
                _cluster.CheckEntry(this, offset, Disk.Written.At(offset));
                (records ??= []).Add(Disk.Written.At(offset));
            }
        }

        LogPosition? diverging = answer.Kind == FetchAnswerKind.Diverging ? answer.Diverging : null;
        SnapshotId? snapshot = answer.Kind == FetchAnswerKind.Snapshot ? answer.Snapshot : null;
        send(new RaftFetchReply(answer.Error, answer.Leader, answer.HighWatermark, diverging, snapshot, records is not null), records);
    }

    private void Answer(RaftFetchSnapshotRequest request, RaftEpochReply answer, Action<RaftReply, object?> send)
    {
        Expose(answer.Leader.Epoch);
        ErrorCode error = answer.Error;
        const long Size = 3;
        if (error == ErrorCode.None && Disk.Snapshots.TryGetValue(request.Snapshot.EndOffset.Value, out (SnapshotId Id, ulong Hash) found) && found.Id == request.Snapshot)
        {
            send(new RaftFetchSnapshotReply(error, answer.Leader, request.Snapshot, Size, request.Position, 1), found.Hash);
            return;
        }

        error = error == ErrorCode.None ? ErrorCode.SnapshotNotFound : error;
        send(new RaftFetchSnapshotReply(error, answer.Leader, request.Snapshot, 0, 0, 0), null);
    }

    private void Later(int delayMs, Action action)
    {
        int incarnation = Incarnation;
        _cluster.At(_cluster.NowMs + delayMs, () =>
        {
            if (incarnation == Incarnation)
            {
                action();
            }
        });
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
            RaftEffect[] batch = [.. _effects];
            _effects.Clear();
            foreach (RaftEffect effect in batch)
            {
                Start(effect);
            }
        }

        _isExecuting = false;
        _cluster.CheckNode(this, core);
        ScheduleTick(core);
    }

    private void ScheduleTick(RaftCore core)
    {
        long deadline = core.NextDeadlineMs;
        _cluster.Check(deadline > _cluster.NowMs, $"{Id} as {core.Role.GetType().Name} wants to be called again at {deadline}");
        if (deadline == long.MaxValue || deadline >= _tickAtMs)
        {
            return;
        }

        _tickAtMs = deadline;
        int incarnation = Incarnation;
        _cluster.At(deadline, () =>
        {
            if (incarnation == Incarnation && _tickAtMs == deadline)
            {
                _tickAtMs = long.MaxValue;
                Input((c, now) => c.Tick(now));
            }
        });
    }

    private void Start(RaftEffect effect)
    {
        switch (effect)
        {
            case RaftEffect.PersistElectionState persist:
                _stateLane.Enqueue(persist);
                _stateLaneFreeMs = Math.Max(_stateLaneFreeMs, _cluster.NowMs) + _cluster.DiskDelay();
                Later((int)(_stateLaneFreeMs - _cluster.NowMs), () =>
                {
                    RaftEffect.PersistElectionState next = _stateLane.Dequeue();
                    Disk.Election = next.State;
                    Input((core, now) => core.ElectionStatePersisted(now, next.Token));
                });
                if (_cluster.Faults.LiesAboutVotes)
                {
                    Input((core, now) => core.ElectionStatePersisted(now, persist.Token));
                }

                break;
            case RaftEffect.SendRequest send:
                CheckPromise(send.Request);
                _cluster.Send(this, send.RequestId, send.To, send.Request);
                break;
            case RaftEffect.SendReply reply:
                if (_callers.Remove(reply.Caller, out (RaftRequest Request, Action<RaftReply> Answer) caller))
                {
                    CheckPromise(caller.Request, reply.Reply);
                    caller.Answer(reply.Reply);
                }

                break;
            case RaftEffect.AppendLeaderChange or RaftEffect.AppendFetched or RaftEffect.TruncateLog or RaftEffect.WriteSnapshotChunk or RaftEffect.InstallSnapshot:
                _logLaneFreeMs = Math.Max(_logLaneFreeMs, _cluster.NowMs) + (_cluster.Random.Chance(200) ? _cluster.DiskDelay() : 0);
                _logLane.Enqueue(effect);
                Later((int)(_logLaneFreeMs - _cluster.NowMs), () => ChangeLog(_logLane.Dequeue()));
                break;
            case RaftEffect.LeadershipGained gained:
                Leads = gained.Epoch;
                _cluster.Trace($"{Id} leads epoch {gained.Epoch} from {gained.EpochStart}");
                _cluster.CheckLeader(this, gained.Epoch);
                break;
            case RaftEffect.LeadershipLost:
                Leads = null;
                break;
            case RaftEffect.HighWatermarkAdvanced advanced:
                _cluster.CheckCommit(this, advanced.HighWatermark);
                break;
            case RaftEffect.WakeFetches:
                (RaftFetchRequest Request, Action<RaftReply, object?> Answer, int Ticket)[] waiting = [.. _waiting];
                _waiting.Clear();
                foreach ((RaftFetchRequest request, Action<RaftReply, object?> answer, int ticket) in waiting)
                {
                    FetchAnswer again = Core!.AskAgain(request, isOver: false);
                    if (again.Kind == FetchAnswerKind.Wait)
                    {
                        _waiting.Add((request, answer, ticket));
                    }
                    else
                    {
                        Answer(request, again, answer, mayWait: false);
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
                _cluster.Check(change.BaseOffset.Value == Disk.Written.End, $"{Id} would open its epoch at {change.BaseOffset}, its log ends at {Disk.Written.End}");
                AppendEntry(Disk.Written.Next(change.Epoch, _cluster.NextValue()));
                Input((core, now) => core.LogAppended(now, new Offset(Disk.Written.End), change.Epoch));
                break;
            case RaftEffect.AppendFetched fetched:
                var entries = (List<Entry>)_payloads[fetched.RequestId];
                foreach (Entry entry in entries)
                {
                    _cluster.Check(LogImage.Chain(Disk.Written.HashBelow(Disk.Written.End)!.Value, entry.Epoch, entry.Value) == entry.Hash, $"{Id} appends at {Disk.Written.End} what does not follow its log");
                    AppendEntry(entry);
                    var end = new Offset(Disk.Written.End);
                    Input((core, now) => core.LogAppended(now, end, entry.Epoch));
                }

                Input((core, now) => core.FetchedAppended(now, fetched.Token, entries.Count > 0));
                break;
            case RaftEffect.TruncateLog truncate:
                _cluster.Trace($"{Id} truncates {Disk.Written.End} to {truncate.EndOffset}");
                _truncations++;
                Disk.Truncate(truncate.EndOffset.Value);
                _flushedEnd = Math.Min(_flushedEnd, truncate.EndOffset.Value);
                Input((core, now) => core.LogTruncated(now, truncate.Token, truncate.EndOffset, new Offset(_flushedEnd)));
                Flush();
                break;
            case RaftEffect.WriteSnapshotChunk chunk:
                _cluster.Check(chunk.Position == 0 || _partialSnapshot == (chunk.Snapshot, chunk.Position), $"{Id} writes a piece of {chunk.Snapshot} out of order");
                _partialSnapshot = (chunk.Snapshot, chunk.Position + 1);
                _payloads[-1] = _payloads[chunk.RequestId];
                break;
            case RaftEffect.InstallSnapshot install:
                _cluster.Check(_partialSnapshot == (install.Snapshot, 3), $"{Id} installs an unfinished snapshot");
                _cluster.Trace($"{Id} installs {install.Snapshot}");
                _truncations++;
                Disk.Install(install.Snapshot, (ulong)_payloads[-1]);
                _flushedEnd = Disk.Written.End;
                _isFlushing = false;
                Input((core, now) => core.SnapshotInstalled(now, install.Token, install.Snapshot));
                break;
        }
    }

    private void AppendEntry(Entry entry)
    {
        Disk.Append(entry);
        Flush();
    }

    private void Flush()
    {
        if (_isFlushing || Disk.Unsynced == 0)
        {
            return;
        }

        if (_cluster.Faults.LiesAboutFlushes)
        {
            long claimed = Disk.Written.End;
            Later(0, () => Input((core, now) => core.LogFlushed(now, new Offset(claimed))));
        }

        _isFlushing = true;
        int writes = Disk.Unsynced;
        long end = Disk.Written.End;
        int truncations = _truncations;
        Later(_cluster.DiskDelay(), () =>
        {
            // An installed snapshot made everything durable on the way.
            if (!_isFlushing || (Disk.Unsynced < writes))
            {
                _isFlushing = false;
                Flush();
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
        });
    }

    private void CheckPromise(RaftRequest request)
    {
        switch (request)
        {
            case RaftVoteRequest vote:
                Expose(vote.Epoch);
                CheckPromise(
                    vote.PreVote || (Disk.Election.Epoch == vote.Epoch && Disk.Election.Voted == Config.Local) || Disk.Election.Epoch > vote.Epoch,
                    $"{Id} asks for votes in {vote.Epoch} before its own is on disk");
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

    private void CheckClaim(LogPosition claim) => CheckPromise(
        claim.EndOffset.Value <= Disk.Durable.End && (claim.EndOffset.Value < Disk.Durable.Start.EndOffset.Value || Disk.Durable.EpochBelow(claim.EndOffset.Value) == claim.Epoch),
        $"{Id} claims {claim}, its disk has {Disk.Durable.End}");

    private void CheckPromise(RaftRequest request, RaftReply reply)
    {
        Expose(reply.Leader.Epoch);
        if (request is RaftVoteRequest { PreVote: false } vote && reply is RaftVoteReply { Granted: true })
        {
            CheckPromise(
                Disk.Election.Epoch > vote.Epoch || (Disk.Election.Epoch == vote.Epoch && Disk.Election.Voted == vote.Candidate),
                $"{Id} grants {vote.Candidate.Id} its vote in {vote.Epoch} before that is on disk");
        }
    }

    private void CheckPromise(bool holds, string meaning) => _cluster.Check(holds || !_cluster.Faults.ChecksPromises, meaning);

    private void Expose(LeaderEpoch epoch) => ExposedEpoch = epoch > ExposedEpoch ? epoch : ExposedEpoch;
}
