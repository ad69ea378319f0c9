using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// Everything that leaves the core. Messages are held until the election state that they were made in is on disk: a vote or an epoch that a
/// peer has heard of is never forgotten.
/// </summary>
internal sealed partial class RaftOutbox(int heldBound, ElectionState stored)
{
    private readonly List<RaftEffect> _effects = [];
    private readonly Queue<(long Token, RaftEffect Effect)> _held = [];
    private ElectionState _requestedState = stored;
    private long _requested;
    private long _persisted;
    private long _lastRequestId;
    private bool _wakesFetches;

    /// <summary>True when the newest election state is on disk.</summary>
    public bool IsPersisted => _persisted == _requested;

    /// <summary>An epoch that is on disk; the newest one whenever <see cref="IsPersisted"/>.</summary>
    public LeaderEpoch PersistedEpoch { get; private set; } = stored.Epoch;

    /// <summary>True when no more messages can be held.</summary>
    public bool IsFull => _held.Count >= heldBound;

    public void Persist(ElectionState state)
    {
        if (state != _requestedState)
        {
            _requestedState = state;
            _effects.Add(new RaftEffect.PersistElectionState(++_requested, state));
        }
    }

    /// <summary>Releases what waited for this token; a token that was never given out or is already known changes nothing.</summary>
    public void Persisted(long token)
    {
        if (token > _requested || token <= _persisted)
        {
            return;
        }

        _persisted = token;
        PersistedEpoch = IsPersisted ? _requestedState.Epoch : PersistedEpoch;
        while (_held.TryPeek(out (long Token, RaftEffect Effect) first) && first.Token <= token)
        {
            _effects.Add(_held.Dequeue().Effect);
        }
    }

    /// <summary>Sends a request, at once or when the state is on disk. At the bound it is lost: every request has a time-out.</summary>
    public long Send(NodeId to, RaftRequest request)
    {
        long id = ++_lastRequestId;
        Hold(new RaftEffect.SendRequest(id, to, request));
        return id;
    }

    public void Reply(long caller, RaftReply reply) => Hold(new RaftEffect.SendReply(caller, reply));

    /// <summary>Says at once that a request was not handled; this promises nothing.</summary>
    public void Reject(long caller, RaftReply reply) => _effects.Add(new RaftEffect.SendReply(caller, reply));

    public void Tell(RaftEffect notice) => _effects.Add(notice);

    /// <summary>Has waiting fetches asked again, once per input.</summary>
    public void WakeFetches()
    {
        if (!_wakesFetches)
        {
            _wakesFetches = true;
            _effects.Add(RaftEffect.WakeFetches.Instance);
        }
    }

    public void DrainTo(List<RaftEffect> target)
    {
        target.AddRange(_effects);
        _effects.Clear();
        _wakesFetches = false;
    }

    static partial void SeededBugSendsUnpersisted(ref bool isPersisted);

    private void Hold(RaftEffect effect)
    {
        bool isPersisted = IsPersisted;
        SeededBugSendsUnpersisted(ref isPersisted);
        if (isPersisted)
        {
            _effects.Add(effect);
        }
        else if (!IsFull)
        {
            _held.Enqueue((_requested, effect));
        }
    }
}
