using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Fetching;

/// <summary>What a fetch request means once its session is known. It owns the session until it is disposed.</summary>
internal sealed class FetchPlan : IDisposable
{
    private readonly FetchSessions? _sessions;

    /// <summary>A fetch without a session.</summary>
    public FetchPlan(IReadOnlyCollection<FetchTarget> targets)
    {
        Targets = targets;
        IsFull = true;
    }

    /// <summary>A fetch that cannot be served.</summary>
    public FetchPlan(ErrorCode error)
    {
        Error = error;
        Targets = [];
    }

    /// <summary>A fetch of a session, which it owns from now on.</summary>
    public FetchPlan(FetchSessions sessions, FetchSession session, bool isFull)
    {
        _sessions = sessions;
        Session = session;
        Targets = session.Targets;
        IsFull = isFull;
    }

    /// <summary>Why it cannot be served, or none.</summary>
    public ErrorCode Error { get; }

    /// <summary>The session it belongs to; null for a fetch without one.</summary>
    public FetchSession? Session { get; }

    /// <summary>The partitions to read.</summary>
    public IReadOnlyCollection<FetchTarget> Targets { get; }

    /// <summary>True when the answer names every partition, false when it names only what changed.</summary>
    public bool IsFull { get; }

    /// <summary>The session id that the answer carries.</summary>
    public int SessionId => Session?.Id ?? 0;

    /// <inheritdoc />
    public void Dispose()
    {
        if (Session is { } session)
        {
            _sessions!.GiveBack(session);
        }
    }
}

/// <summary>
/// The incremental fetch sessions of a node (KIP-227). At most <c>max.incremental.fetch.session.cache.slots</c>; when all are taken, a new one
/// replaces the one that was unused longest, if that was for two minutes (a follower may also replace a consumer's at once), and else the
/// client is served without a session.
/// </summary>
internal sealed class FetchSessions(int slots, IEntropy entropy)
{
    private const int InitialEpoch = 0;
    private const int FinalEpoch = -1;
    private const long EvictionMs = 120_000;
    private const short FirstWithTopicIds = 13;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, FetchSession> _sessions = [];

    /// <summary>Finds or begins the session of a request and applies its changes.</summary>
    public FetchPlan Resolve(FetchRequest request, short version, bool isReplica, long nowMs)
    {
        bool isFull = request.SessionEpoch is InitialEpoch or FinalEpoch;
        (FetchSession? session, ErrorCode error) = isFull ? (Begin(request, version, isReplica, nowMs), ErrorCode.None) : Take(request, version, nowMs);
        if (session is null)
        {
            return isFull ? new FetchPlan(FetchTargets.Of(request)) : new FetchPlan(error);
        }

        session.Update(request);
        return new FetchPlan(this, session, isFull);
    }

    /// <summary>A request no longer owns its session.</summary>
    public void GiveBack(FetchSession session)
    {
        lock (_gate)
        {
            session.IsOwned = false;
        }
    }

    /// <summary>The session that a request goes on with, owned by it.</summary>
    private (FetchSession? Session, ErrorCode Error) Take(FetchRequest request, short version, long nowMs)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(request.SessionId, out FetchSession? session))
            {
                return (null, ErrorCode.FetchSessionIdNotFound);
            }

            // A request that comes while another of its session is answered, over another connection: the client has given that one up. It begins anew.
            if (session.NextEpoch != request.SessionEpoch || session.IsOwned)
            {
                return (null, ErrorCode.InvalidFetchSessionEpoch);
            }

            if (session.UsesTopicIds != version >= FirstWithTopicIds)
            {
                return (null, ErrorCode.FetchSessionTopicIdError);
            }

            session.IsOwned = true;
            session.LastUsedMs = nowMs;
            session.Advance();
            return (session, ErrorCode.None);
        }
    }

    /// <summary>A new session in place of the one that the request names, owned by it; null when it gets none.</summary>
    private FetchSession? Begin(FetchRequest request, short version, bool isReplica, long nowMs)
    {
        lock (_gate)
        {
            _sessions.Remove(request.SessionId);
            if (request.SessionEpoch == FinalEpoch || request.Topics.Count == 0 || !TryMakeRoom(isReplica, nowMs))
            {
                return null;
            }

            FetchSession session = new(NewId(), version >= FirstWithTopicIds, isReplica) { LastUsedMs = nowMs, IsOwned = true };
            _sessions.Add(session.Id, session);
            return session;
        }
    }

    private bool TryMakeRoom(bool isReplica, long nowMs)
    {
        if (_sessions.Count < slots)
        {
            return true;
        }

        FetchSession? oldest = null;
        foreach (FetchSession session in _sessions.Values)
        {
            bool replaceable = nowMs - session.LastUsedMs >= EvictionMs || (isReplica && !session.IsReplica);
            if (replaceable && (oldest is null || session.LastUsedMs < oldest.LastUsedMs))
            {
                oldest = session;
            }
        }

        return oldest is not null && _sessions.Remove(oldest.Id);
    }

    private int NewId()
    {
        int id;
        do
        {
            id = 1 + entropy.Next(int.MaxValue - 1);
        }
        while (_sessions.ContainsKey(id));
        return id;
    }
}
