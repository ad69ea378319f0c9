using RaftLog.Protocol;

namespace RaftLog.Raft.Tests;

/// <summary>
/// One replica: the core, and a disk that does at once what the core wants unless the transcript holds it. Carries out the effects as
/// <see cref="RaftEffect"/> demands, and says what leaves.
/// </summary>
internal sealed class ScriptedReplica(int id, VoterSet voters, ScriptedNetwork network, Action<string> say)
{
    /// <summary>How long a leader holds a fetch that has nothing new to get.</summary>
    public const int FetchMaxWaitMs = 500;

    private const int SnapshotBytes = 100;
    private const int ChunkBytes = 60;

    private readonly Dictionary<long, ScriptedMessage> _callers = [];
    private readonly List<(ScriptedMessage Message, long UntilMs)> _held = [];
    private IReadOnlyList<ScriptedRecord> _received = [];
    private RaftEffect.PersistElectionState? _unwrittenState;
    private int _directory;
    private long _lastCaller;
    private long _nowMs;

    public int Id => id;

    public RaftCore? Core { get; private set; }

    public ScriptedLog Log { get; private set; } = new();

    public ScriptedChance Chance { get; } = new(Math.Min(90, 20 * (id - 1)));

    public bool HoldsState { get; set; }

    public bool HoldsFlush { get; set; }

    /// <summary>When something happens here without any message.</summary>
    public long NextEventMs =>
        Core is null ? long.MaxValue : Math.Min(Core.NextDeadlineMs, _held.Count > 0 ? _held.Min(fetch => fetch.UntilMs) : long.MaxValue);

    private ReplicaKey Key => new(new NodeId(id), new Uuid((ulong)_directory + 1, (ulong)id));

    public void Start(long nowMs)
    {
        _nowMs = nowMs;
        Core = new RaftCore(new RaftConfig(Key, voters), Log.State, Log.Recovered, Chance, nowMs);
        Collect();
    }

    /// <summary>The process ends with its power: what is not flushed is gone. Gives the fetches that it held, which now fail.</summary>
    public IReadOnlyList<ScriptedMessage> Kill()
    {
        Log.Truncate(Log.Flushed);
        Core = null;
        _callers.Clear();
        _unwrittenState = null;
        HoldsState = false;
        HoldsFlush = false;
        List<ScriptedMessage> broken = [.. _held.Select(fetch => fetch.Message)];
        _held.Clear();
        return broken;
    }

    /// <summary>The disk is replaced by an empty one, which is another directory.</summary>
    public void LoseDisk()
    {
        Log = new ScriptedLog();
        _directory++;
    }

    public void Do(long nowMs, Action<RaftCore> input)
    {
        _nowMs = nowMs;
        input(Core ?? throw new FormatException($"node {id} is not running"));
        Collect();
    }

    public void Tick(long nowMs)
    {
        Do(nowMs, core => core.Tick(nowMs));
        foreach ((ScriptedMessage message, _) in _held.Where(fetch => fetch.UntilMs <= nowMs).ToArray())
        {
            _held.RemoveAll(fetch => fetch.Message == message);
            Respond(message, Core!.AskAgain((RaftFetchRequest)message.Request!, isOver: true));
        }

        Collect();
    }

    public void Append(long nowMs, string value)
    {
        AppendGrant grant = Core!.PrepareAppend();
        if (grant.Error != ErrorCode.None)
        {
            say($"{id} may not append: {ErrorName.Of(grant.Error)}");
            return;
        }

        Log.Append(new ScriptedRecord(grant.Epoch.Value, value));
        Do(nowMs, core => core.LogAppended(nowMs, new Offset(Log.End), grant.Epoch));
        FlushUnlessHeld();
    }

    public void Release(long nowMs)
    {
        _nowMs = nowMs;
        HoldsState = false;
        HoldsFlush = false;
        if (_unwrittenState is { } state)
        {
            _unwrittenState = null;
            Persist(state);
        }

        FlushUnlessHeld();
        Collect();
    }

    public void TakeSnapshot(long nowMs)
    {
        Offset end = Core!.HighWatermark;
        var snapshot = new SnapshotId(end, new LeaderEpoch(Log.EpochBefore(end)));
        Log.TakeSnapshot(snapshot);
        say($"{id} writes the snapshot {Wording.Of(snapshot)} and removes the records below {end}");
        Do(nowMs, core => core.SnapshotTaken(nowMs, snapshot));
        Log.TrimToSnapshot();
        Do(nowMs, core => core.LogStartAdvanced(nowMs, snapshot));
    }

    public void Receive(long nowMs, ScriptedMessage message)
    {
        _nowMs = nowMs;
        if (message.Response is { } response)
        {
            _received = message.Records;
            HandleResponse(nowMs, message.RequestId, response);
        }
        else
        {
            HandleRequest(nowMs, message);
        }

        Collect();
    }

    /// <summary>The state in one line.</summary>
    public string Describe()
    {
        if (Core is null)
        {
            return $"{id}: down, log {Log}";
        }

        RaftRole role = Core.Role;
        string known = Wording.Of(new ElectionState(role.Epoch, role.Leader, role.Voted));
        string flushed = Core.FlushedEnd < Core.LogEnd ? $" of which {Core.FlushedEnd} flushed" : "";
        return $"{id}: {Wording.RoleOf(Core)}, {known}, log {Log} end {Core.LogEnd}{flushed}, high watermark {Core.HighWatermark}";
    }

    private void HandleRequest(long nowMs, ScriptedMessage message)
    {
        long caller = ++_lastCaller;
        _callers[caller] = message;
        switch (message.Request)
        {
            case RaftVoteRequest vote:
                Core!.HandleVote(nowMs, caller, vote);
                break;
            case RaftBeginEpochRequest begin:
                Core!.HandleBeginEpoch(nowMs, caller, begin);
                break;
            case RaftEndEpochRequest end:
                Core!.HandleEndEpoch(nowMs, caller, end);
                break;
            case RaftFetchRequest fetch:
                Respond(message, Core!.HandleFetch(nowMs, fetch));
                break;
            case RaftFetchSnapshotRequest snapshot:
                RaftEpochReply checkedOnly = Core!.HandleFetchSnapshot(nowMs, snapshot);
                int length = (int)Math.Min(ChunkBytes, SnapshotBytes - snapshot.Position);
                Send(
                    message,
                    new RaftFetchSnapshotReply(
                        checkedOnly.Error,
                        checkedOnly.Leader,
                        snapshot.Snapshot,
                        SnapshotBytes,
                        snapshot.Position,
                        length
                    )
                );
                break;
        }
    }

    private void HandleResponse(long nowMs, long requestId, RaftReply response)
    {
        switch (response)
        {
            case RaftVoteReply vote:
                Core!.HandleVoteReply(nowMs, requestId, vote);
                break;
            case RaftEpochReply epoch:
                Core!.HandleEpochReply(nowMs, requestId, epoch);
                break;
            case RaftFetchReply fetch:
                Core!.HandleFetchReply(nowMs, requestId, fetch);
                break;
            case RaftFetchSnapshotReply snapshot:
                Core!.HandleFetchSnapshotReply(nowMs, requestId, snapshot);
                break;
        }
    }

    private void Respond(ScriptedMessage message, FetchDecision decision)
    {
        if (decision.Kind == FetchDecisionKind.Wait)
        {
            _held.Add((message, _nowMs + FetchMaxWaitMs));
            return;
        }

        IReadOnlyList<ScriptedRecord> records =
            decision.Kind == FetchDecisionKind.Records ? Log.Read(decision.ReadFrom, decision.ReadTo) : [];
        var response = new RaftFetchReply(
            decision.Error,
            decision.Leader,
            decision.HighWatermark,
            decision.Kind == FetchDecisionKind.Diverging ? decision.Diverging : null,
            decision.Kind == FetchDecisionKind.Snapshot ? decision.Snapshot : null,
            HasRecords: records.Count > 0
        );
        network.Send(new ScriptedMessage(id, message.From, message.RequestId, null, response, records));
        say(Wording.Of(new ScriptedMessage(id, message.From, message.RequestId, null, response, records)));
    }

    private void Send(ScriptedMessage request, RaftReply response)
    {
        var message = new ScriptedMessage(id, request.From, request.RequestId, null, response, []);
        say(Wording.Of(message));
        network.Send(message);
    }

    private void Collect()
    {
        List<RaftEffect> effects = [];
        for (Core?.DrainEffects(effects); effects.Count > 0; Core!.DrainEffects(effects))
        {
            RaftEffect[] batch = [.. effects];
            effects.Clear();
            foreach (RaftEffect effect in batch)
            {
                Perform(effect);
            }
        }
    }

    private void Perform(RaftEffect effect)
    {
        switch (effect)
        {
            case RaftEffect.PersistElectionState persist:
                Persist(persist);
                break;
            case RaftEffect.SendRequest send:
                var message = new ScriptedMessage(id, send.To.Value, send.RequestId, send.Request, null, []);
                say(Wording.Of(message));
                network.Send(message);
                break;
            case RaftEffect.SendReply reply when _callers.Remove(reply.Caller, out ScriptedMessage? request):
                Send(request, reply.Reply);
                break;
            case RaftEffect.AppendLeaderChange change:
                Log.Append(new ScriptedRecord(change.Epoch.Value, "*"));
                Core!.LogAppended(_nowMs, new Offset(Log.End), change.Epoch);
                FlushUnlessHeld();
                break;
            case RaftEffect.AppendFetched fetched:
                AppendReceived(fetched.Token);
                break;
            case RaftEffect.TruncateLog truncate:
                say($"{id} truncates its log to {truncate.EndOffset}");
                Log.Truncate(truncate.EndOffset.Value);
                Core!.LogTruncated(_nowMs, truncate.Token, truncate.EndOffset, new Offset(Log.Flushed));
                break;
            case RaftEffect.InstallSnapshot install:
                say($"{id} replaces its log by the snapshot {Wording.Of(install.Snapshot)}");
                Log.Install(install.Snapshot);
                Core!.SnapshotInstalled(_nowMs, install.Token, install.Snapshot);
                break;
            case RaftEffect.LeadershipGained gained:
                say($"{id} may append in epoch {gained.Epoch}, which begins at {gained.EpochStart}");
                break;
            case RaftEffect.LeadershipLost lost:
                say($"{id} does not lead epoch {lost.Epoch} any more");
                break;
            case RaftEffect.WakeFetches:
                ReconsiderHeldFetches();
                break;
        }
    }

    private void Persist(RaftEffect.PersistElectionState persist)
    {
        if (HoldsState)
        {
            _unwrittenState = persist;
            say($"{id} is writing: {Wording.Of(persist.State)}");
            return;
        }

        Log.State = persist.State;
        say($"{id} has on disk: {Wording.Of(persist.State)}");
        Core!.ElectionStatePersisted(_nowMs, persist.Token);
    }

    private void AppendReceived(long token)
    {
        IReadOnlyList<ScriptedRecord> received = _received;
        for (int at = 0; at < received.Count; at++)
        {
            Log.Append(received[at]);
            if (at + 1 == received.Count || received[at + 1].Epoch != received[at].Epoch)
            {
                Core!.LogAppended(_nowMs, new Offset(Log.End), new LeaderEpoch(received[at].Epoch));
            }
        }

        Core!.FetchedAppended(_nowMs, token, anySound: received.Count > 0);
        FlushUnlessHeld();
    }

    private void FlushUnlessHeld()
    {
        if (!HoldsFlush && Core is not null)
        {
            Log.Flush();
            Core.LogFlushed(_nowMs, new Offset(Log.End));
            Collect();
        }
    }

    private void ReconsiderHeldFetches()
    {
        foreach ((ScriptedMessage Message, long UntilMs) fetch in _held.ToArray())
        {
            FetchDecision decision = Core!.AskAgain((RaftFetchRequest)fetch.Message.Request!, isOver: false);
            if (decision.Kind != FetchDecisionKind.Wait && _held.Remove(fetch))
            {
                Respond(fetch.Message, decision);
            }
        }
    }
}
