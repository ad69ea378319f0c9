using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Fetching;

/// <summary>What a fetch request means once its session is known.</summary>
/// <param name="Error">Why it cannot be served, or none.</param>
/// <param name="Session">The session it belongs to, or null for a fetch without one.</param>
/// <param name="Targets">The partitions to read.</param>
/// <param name="IsFull">True when the answer names every partition, false when it names only what changed.</param>
internal readonly record struct FetchPlan(ErrorCode Error, FetchSession? Session, IReadOnlyCollection<FetchTarget> Targets, bool IsFull)
{
    /// <summary>The session id that the answer carries.</summary>
    public int SessionId => Session?.Id ?? 0;
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
        if (request.SessionEpoch is InitialEpoch or FinalEpoch)
        {
            return ResolveFull(request, version, isReplica, nowMs);
        }

        lock (_gate)
        {
            if (!_sessions.TryGetValue(request.SessionId, out FetchSession? session))
            {
                return new FetchPlan(ErrorCode.FetchSessionIdNotFound, null, [], IsFull: false);
            }

            if (session.NextEpoch != request.SessionEpoch)
            {
                return new FetchPlan(ErrorCode.InvalidFetchSessionEpoch, null, [], IsFull: false);
            }

            if (session.UsesTopicIds != version >= FirstWithTopicIds)
            {
                return new FetchPlan(ErrorCode.FetchSessionTopicIdError, null, [], IsFull: false);
            }

            session.LastUsedMs = nowMs;
            session.Advance();
            session.Update(request);
            return new FetchPlan(ErrorCode.None, session, [.. session.Targets], IsFull: false);
        }
    }

    private FetchPlan ResolveFull(FetchRequest request, short version, bool isReplica, long nowMs)
    {
        lock (_gate)
        {
            _sessions.Remove(request.SessionId);
            if (request.SessionEpoch == FinalEpoch || request.Topics.Count == 0 || !TryMakeRoom(isReplica, nowMs))
            {
                return new FetchPlan(ErrorCode.None, null, FetchTargets.Of(request), IsFull: true);
            }

            FetchSession session = new(NewId(), version >= FirstWithTopicIds, isReplica) { LastUsedMs = nowMs };
            session.Update(request);
            _sessions.Add(session.Id, session);
            return new FetchPlan(ErrorCode.None, session, [.. session.Targets], IsFull: true);
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
