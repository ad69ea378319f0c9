using RaftLog.Protocol;
using RaftLog.Simulation.Cores;

namespace RaftLog.Raft.Tests;

/// <summary>One core, whose peers, disk and clock are the test. The disk confirms at once unless the test holds it.</summary>
internal sealed class CoreRig
{
    private readonly List<RaftEffect> _effects = [];
    private long _lastCaller;

    public CoreRig(
        int self = 1,
        int voters = 3,
        ElectionState? stored = null,
        RecoveredLog? log = null,
        Func<RaftConfig, RaftConfig>? configure = null
    )
    {
        var config = new RaftConfig(Key(self), VoterSet.OfIds(Enumerable.Range(1, voters)));
        Core = new RaftCore(
            configure?.Invoke(config) ?? config,
            stored ?? ElectionState.Initial,
            log ?? RecoveredLog.Empty,
            new Chance(1),
            Now
        );
        Collect();
    }

    public RaftCore Core { get; }

    public long Now { get; private set; } = 1000;

    /// <summary>True while the disk does not confirm election states.</summary>
    public bool HoldsState { get; set; }

    /// <summary>True while the disk does not confirm flushes.</summary>
    public bool HoldsFlush { get; set; }

    /// <summary>True while log operations are not carried out.</summary>
    public bool HoldsLog { get; set; }

    public static ReplicaKey Key(int id) => new(new NodeId(id), new Uuid(9, (ulong)id));

    public static ElectionState Stored(int epoch, int leader = -1, int voted = -1) =>
        new(new LeaderEpoch(epoch), new NodeId(leader), voted < 0 ? ReplicaKey.None : Key(voted));

    public static LogPosition At(int epoch, long end) => new(new LeaderEpoch(epoch), new Offset(end));

    /// <summary>A log whose epochs start at these offsets.</summary>
    public static RecoveredLog Log(long end, params (int Epoch, long Start)[] epochs) =>
        new(
            SnapshotId.None,
            new Offset(end),
            [.. epochs.Select(each => new EpochStart(new LeaderEpoch(each.Epoch), new Offset(each.Start)))],
            SnapshotId.None
        );

    public static LeaderAndEpoch Leads(int leader, int epoch) => new(new NodeId(leader), new LeaderEpoch(epoch));

    public static RaftFetchRequest FetchOf(int replica, int epoch, LogPosition position, long knownHighWatermark = -1) =>
        new(Key(replica), new LeaderEpoch(epoch), position, new Offset(knownHighWatermark));

    /// <summary>A core that has won epoch <paramref name="epoch"/>, whose LeaderChange is on its disk.</summary>
    public static CoreRig Leader(int epoch = 1, int voters = 3, RecoveredLog? log = null, Func<RaftConfig, RaftConfig>? configure = null)
    {
        var rig = new CoreRig(voters: voters, stored: Stored(epoch, voted: 1), log: log, configure: configure);
        rig.WinVotes();
        Assert.IsType<LeaderRole>(rig.Core.Role);
        rig.Take<RaftEffect.LeadershipGained>();
        return rig;
    }

    /// <summary>A core that follows node 2 and has had a response from it.</summary>
    public static CoreRig Follower(int epoch = 1, RecoveredLog? log = null, int self = 1)
    {
        var rig = new CoreRig(self, stored: Stored(epoch, leader: 2), log: log);
        RaftEffect.SendRequest fetch = rig.TakeRequest<RaftFetchRequest>();
        rig.Do(core => core.HandleFetchReply(rig.Now, fetch.RequestId, rig.Nothing(epoch)));
        return rig;
    }

    public RaftFetchReply Nothing(int epoch, long highWatermark = 0) =>
        new(ErrorCode.None, Leads(2, epoch), new Offset(highWatermark), null, null, HasRecords: false);

    public void WinVotes()
    {
        foreach (RaftEffect.SendRequest ask in TakeRequests<RaftVoteRequest>())
        {
            Do(core =>
                core.HandleVoteReply(
                    Now,
                    ask.RequestId,
                    new RaftVoteReply(ErrorCode.None, new LeaderAndEpoch(NodeId.None, Core.Role.Epoch), Granted: true)
                )
            );
        }
    }

    public void Do(Action<RaftCore> input)
    {
        input(Core);
        Collect();
    }

    public void Wait(long ms)
    {
        for (long until = Now + ms; Now < until; )
        {
            Now = Math.Min(until, Math.Max(Now + 1, Core.NextDeadlineMs));
            Do(core => core.Tick(Now));
        }
    }

    public void WaitUntil(Func<bool> condition, long limitMs = 10_000)
    {
        for (long until = Now + limitMs; !condition(); )
        {
            Assert.True(Now < until, "it did not happen");
            Now = Math.Max(Now + 1, Math.Min(until, Core.NextDeadlineMs));
            Do(core => core.Tick(Now));
        }
    }

    /// <summary>Appends records as a leader.</summary>
    public void Append(int count)
    {
        for (int record = 0; record < count; record++)
        {
            AppendGrant grant = Core.PrepareAppend();
            Assert.Equal(ErrorCode.None, grant.Error);
            Appended(grant.BaseOffset + 1, grant.Epoch);
        }
    }

    public void Appended(Offset end, LeaderEpoch epoch)
    {
        Do(core => core.LogAppended(Now, end, epoch));
        if (!HoldsFlush)
        {
            Do(core => core.LogFlushed(Now, end));
        }
    }

    /// <summary>The reply to a request handed in now.</summary>
    public RaftVoteReply? Vote(RaftVoteRequest request)
    {
        long caller = ++_lastCaller;
        Do(core => core.HandleVote(Now, caller, request));
        return TakeReply(caller) as RaftVoteReply;
    }

    public RaftVoteReply? Vote(int candidate, int epoch, LogPosition log, bool preVote = false) =>
        Vote(new RaftVoteRequest(ReplicaKey.None, new LeaderEpoch(epoch), Key(candidate), log, preVote));

    public RaftEpochReply? BeginEpoch(int leader, int epoch)
    {
        long caller = ++_lastCaller;
        Do(core =>
            core.HandleBeginEpoch(Now, caller, new RaftBeginEpochRequest(ReplicaKey.None, new NodeId(leader), new LeaderEpoch(epoch)))
        );
        return TakeReply(caller) as RaftEpochReply;
    }

    public RaftEpochReply? EndEpoch(int leader, int epoch, params int[] successors)
    {
        long caller = ++_lastCaller;
        Do(core =>
            core.HandleEndEpoch(
                Now,
                caller,
                new RaftEndEpochRequest(new NodeId(leader), new LeaderEpoch(epoch), [.. successors.Select(id => new NodeId(id))])
            )
        );
        return TakeReply(caller) as RaftEpochReply;
    }

    public FetchDecision Fetch(RaftFetchRequest request)
    {
        FetchDecision response = Core.HandleFetch(Now, request);
        Collect();
        return response;
    }

    public void Reply(RaftEffect.SendRequest request, RaftReply reply) =>
        Do(core =>
        {
            switch (reply)
            {
                case RaftFetchReply fetch:
                    core.HandleFetchReply(Now, request.RequestId, fetch);
                    break;
                case RaftFetchSnapshotReply snapshot:
                    core.HandleFetchSnapshotReply(Now, request.RequestId, snapshot);
                    break;
                case RaftVoteReply vote:
                    core.HandleVoteReply(Now, request.RequestId, vote);
                    break;
                case RaftEpochReply epoch:
                    core.HandleEpochReply(Now, request.RequestId, epoch);
                    break;
            }
        });

    public RaftReply? TakeReply(long caller)
    {
        RaftEffect.SendReply? reply = _effects.OfType<RaftEffect.SendReply>().FirstOrDefault(effect => effect.Caller == caller);
        _effects.Remove(reply!);
        return reply?.Reply;
    }

    public T Take<T>()
        where T : RaftEffect
    {
        T effect = Assert.IsType<T>(_effects.FirstOrDefault(effect => effect is T));
        _effects.Remove(effect);
        return effect;
    }

    public bool Has<T>()
        where T : RaftEffect => _effects.Exists(effect => effect is T);

    public List<RaftEffect.SendRequest> TakeRequests<T>()
        where T : RaftRequest
    {
        List<RaftEffect.SendRequest> requests = [.. _effects.OfType<RaftEffect.SendRequest>().Where(effect => effect.Request is T)];
        _effects.RemoveAll(requests.Contains);
        return requests;
    }

    public RaftEffect.SendRequest TakeRequest<T>()
        where T : RaftRequest => Assert.Single(TakeRequests<T>());

    /// <summary>Confirms the newest election state.</summary>
    public void ReleaseState()
    {
        HoldsState = false;
        RaftEffect.PersistElectionState last = _effects.OfType<RaftEffect.PersistElectionState>().Last();
        _effects.RemoveAll(effect => effect is RaftEffect.PersistElectionState);
        Do(core => core.ElectionStatePersisted(Now, last.Token));
    }

    private void Collect()
    {
        bool isMore = true;
        while (isMore)
        {
            int before = _effects.Count;
            Core.DrainEffects(_effects);
            isMore = false;
            foreach (RaftEffect effect in _effects.Skip(before).ToArray())
            {
                if (effect is RaftEffect.PersistElectionState persist && !HoldsState)
                {
                    _effects.Remove(effect);
                    Core.ElectionStatePersisted(Now, persist.Token);
                    isMore = true;
                }
                else if (effect is RaftEffect.AppendLeaderChange change && !HoldsLog)
                {
                    _effects.Remove(effect);
                    Core.LogAppended(Now, change.BaseOffset + 1, change.Epoch);
                    isMore = true;
                    if (!HoldsFlush)
                    {
                        Core.LogFlushed(Now, change.BaseOffset + 1);
                    }
                }
            }
        }
    }
}
