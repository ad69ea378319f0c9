using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// The one request for data that a replica has under way in one role. A reply counts only if it answers that request: a late one speaks of
/// a log that has changed since.
/// </summary>
internal sealed class PendingFetch
{
    /// <summary>The first of several voters that are asked for a new leader has this part of the request timeout to answer.</summary>
    private const int FirstShare = 4;

    /// <summary>Voters that are asked before the leader is asked again.</summary>
    private const int MostVoters = 3;

    private long _requestId;
    private int _votersToAsk;
    private int _searches;

    public bool IsWaiting => _requestId != 0;

    public NodeId Target { get; private set; } = NodeId.None;

    /// <summary>When the request under way is given up.</summary>
    public long GiveUpMs { get; private set; } = long.MaxValue;

    /// <summary>When the next request may leave.</summary>
    public long RetryAtMs { get; private set; } = long.MinValue;

    /// <summary>The snapshot that is being fetched instead of records.</summary>
    public SnapshotDownload? Download { get; set; }

    public void Sent(long requestId, NodeId target, long giveUpMs)
    {
        _requestId = requestId;
        Target = target;
        GiveUpMs = giveUpMs;
    }

    /// <summary>Ends the request under way if it is this one.</summary>
    public bool TryEnd(long requestId)
    {
        if (_requestId == 0 || _requestId != requestId)
        {
            return false;
        }

        _requestId = 0;
        GiveUpMs = long.MaxValue;
        return true;
    }

    /// <summary>
    /// The next fetches go to other voters than the leader, to learn whether there is a new one: to so many of them, a few at most,
    /// until one answers.
    /// </summary>
    public void BeginSearch(int voters)
    {
        _votersToAsk = Math.Min(voters, MostVoters);
        _searches++;
    }

    /// <summary>True while voters are left that are to be asked for the leader.</summary>
    public bool IsSearching => _votersToAsk > 0;

    /// <summary>Somebody has answered.</summary>
    public void EndSearch()
    {
        _votersToAsk = 0;
        _searches = 0;
    }

    /// <summary>True when the next fetch asks a voter for a new leader.</summary>
    public bool TakeSearch()
    {
        if (!IsSearching)
        {
            return false;
        }

        _votersToAsk--;
        return true;
    }

    /// <summary>
    /// How long such a voter may take, in milliseconds. It does not lead the epoch that the fetch names, so it holds no response back, and
    /// whoever is cut off shall not keep the others from being asked. The time doubles with each search in vain: on a slow network the
    /// responses need it.
    /// </summary>
    public int SearchPatienceMs(int requestTimeoutMs) =>
        (int)Math.Min(requestTimeoutMs, ((long)requestTimeoutMs / FirstShare) << Math.Min(_searches - 1, FirstShare));

    /// <summary>Ends the request under way, whichever it is.</summary>
    public void GiveUp() => TryEnd(_requestId);

    public void Pause(long untilMs) => RetryAtMs = untilMs;

    /// <summary>A snapshot on its way: which, and how much of it has come.</summary>
    internal sealed class SnapshotDownload(SnapshotId snapshot)
    {
        public SnapshotId Snapshot { get; } = snapshot;

        public long Position { get; set; }
    }
}
