using RaftLog.Broker.Partitions;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Fetching;

/// <summary>What a fetch request means once its session is known. It owns the session until it is disposed.</summary>
internal sealed class FetchPlan : IDisposable
{
    private readonly FetchSessions? _sessions;
    private readonly IReadOnlyCollection<FetchTarget> _targets;

    /// <summary>A fetch without a session.</summary>
    public FetchPlan(IReadOnlyCollection<FetchTarget> targets)
    {
        _targets = targets;
        IsFull = true;
    }

    /// <summary>A fetch that cannot be served.</summary>
    public FetchPlan(ErrorCode error)
    {
        Error = error;
        _targets = [];
    }

    /// <summary>A fetch of a session, which it owns from now on.</summary>
    public FetchPlan(FetchSessions sessions, FetchSession session, bool isFull)
    {
        _sessions = sessions;
        Session = session;
        _targets = [];
        IsFull = isFull;
    }

    /// <summary>Why it cannot be served, or none.</summary>
    public ErrorCode Error { get; }

    /// <summary>The session it belongs to; null for a fetch without one.</summary>
    public FetchSession? Session { get; }

    /// <summary>True when it names no partition: there is nothing to wait for.</summary>
    public bool IsEmpty => Session?.IsEmpty ?? _targets.Count == 0;

    /// <summary>True when the response names every partition, false when it names only what changed.</summary>
    public bool IsFull { get; }

    /// <summary>The session id that the response carries.</summary>
    public int SessionId => Session?.Id ?? 0;

    /// <summary>The partitions that the next look covers: all, or of a session those that have changed.</summary>
    public IReadOnlyCollection<FetchTarget> TakeDue(Audience audience) => Session?.TakeDue(audience) ?? _targets;

    /// <summary>
    /// Waits until something has moved that a look would find, at most for a time: at once when it has already. <see
    /// cref="WaitOutcome.Closed"/> when nobody wants the response any more.
    /// </summary>
    public async ValueTask<WaitOutcome> WaitAsync(FetchReader reader, List<FetchedPartition> found, DataWait wait, TimeSpan timeout)
    {
        if (Session is not { } session)
        {
            return reader.Watch(found, wait) ? await wait.WaitAsync(timeout) : WaitOutcome.Ready;
        }

        WaitOutcome outcome = session.Settle(found, reader) & session.TryWait(wait) ? await wait.WaitAsync(timeout) : WaitOutcome.Ready;
        session.EndWait();
        return outcome;
    }

    /// <summary>The response is made: what it leaves out is watched, or due with the session's next fetch.</summary>
    public void Settle(FetchReader reader, List<FetchedPartition> found) => Session?.Settle(found, reader);

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
/// The incremental fetch sessions of a node (KIP-227). At most <c>max.incremental.fetch.session.cache.slots</c>; when all are taken, a new
/// one replaces the one that was unused longest, if that was for two minutes (a follower may also replace a consumer's at once), and else
/// the client is served without a session.
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
    public FetchPlan Resolve(FetchRequest request, short version, NodeId replica, long nowMs)
    {
        bool isFull = request.SessionEpoch is InitialEpoch or FinalEpoch;
        SessionOwner owner = new(version >= FirstWithTopicIds, replica, request.ReplicaState.ReplicaEpoch);
        (FetchSession? session, ErrorCode error) = isFull ? (Begin(request, owner, nowMs), ErrorCode.None) : Take(request, owner, nowMs);
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
        bool isOver;
        lock (_gate)
        {
            session.IsOwned = false;
            isOver = session.IsReplaced;
        }

        if (isOver)
        {
            session.End();
        }
    }

    /// <summary>The session that a request goes on with, owned by it.</summary>
    private (FetchSession? Session, ErrorCode Error) Take(FetchRequest request, SessionOwner owner, long nowMs)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(request.SessionId, out FetchSession? session))
            {
                return (null, ErrorCode.FetchSessionIdNotFound);
            }

            // A request that comes while another of its session is answered, over another connection: the client has given that one up. It
            // begins anew.
            if (session.NextEpoch != request.SessionEpoch || session.IsOwned)
            {
                return (null, ErrorCode.InvalidFetchSessionEpoch);
            }

            if (session.Owner.UsesTopicIds != owner.UsesTopicIds)
            {
                return (null, ErrorCode.FetchSessionTopicIdError);
            }

            if (session.Owner != owner)
            {
                // What stands in a session stands there for one incarnation of one follower.
                return (null, ErrorCode.FetchSessionIdNotFound);
            }

            session.IsOwned = true;
            session.LastUsedMs = nowMs;
            session.Advance();
            return (session, ErrorCode.None);
        }
    }

    /// <summary>
    /// A new session in place of the one that the request names, and of those of the follower's earlier incarnations, owned by the request;
    /// null when it gets none.
    /// </summary>
    private FetchSession? Begin(FetchRequest request, SessionOwner owner, long nowMs)
    {
        List<FetchSession> replaced = [];
        FetchSession? begun;
        lock (_gate)
        {
            Replace(request.SessionId, replaced);
            if (owner.Replica.IsNode)
            {
                foreach (FetchSession session in _sessions.Values)
                {
                    if (session.Owner.Replica == owner.Replica && session.Owner.Incarnation < owner.Incarnation)
                    {
                        Replace(session.Id, replaced);
                    }
                }
            }

            begun =
                request.SessionEpoch == FinalEpoch || request.Topics.Count == 0 || !TryMakeRoom(owner.Replica.IsNode, nowMs, replaced)
                    ? null
                    : new FetchSession(NewId(), owner) { LastUsedMs = nowMs, IsOwned = true };
            if (begun is not null)
            {
                _sessions.Add(begun.Id, begun);
            }
        }

        replaced.ForEach(static session => session.End());
        return begun;
    }

    /// <summary>Takes a session out; one that a request owns ends when that is answered, the others are the caller's to end.</summary>
    private void Replace(int id, List<FetchSession> toEnd)
    {
        if (_sessions.Remove(id, out FetchSession? session))
        {
            session.IsReplaced = true;
            if (!session.IsOwned)
            {
                toEnd.Add(session);
            }
        }
    }

    private bool TryMakeRoom(bool isReplica, long nowMs, List<FetchSession> replaced)
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

        if (oldest is null)
        {
            return false;
        }

        Replace(oldest.Id, replaced);
        return true;
    }

    private int NewId()
    {
        int id;
        do
        {
            id = 1 + entropy.Next(int.MaxValue - 1);
        } while (_sessions.ContainsKey(id));
        return id;
    }
}
