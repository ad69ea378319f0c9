using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>What a leader knows of one voter.</summary>
internal sealed class VoterProgress(ReplicaKey voter, long nowMs)
{
    private Uuid _directory = voter.DirectoryId;

    public ReplicaKey Voter => new(voter.Id, _directory);

    public FetchRecord Fetches { get; } = new();

    /// <summary>When it last showed that it follows; at first when the leader took office.</summary>
    public long ContactMs { get; set; } = nowMs;

    /// <summary>When to remind it of the leader, unless it fetches before.</summary>
    public long RemindAtMs { get; set; } = nowMs;

    /// <summary>
    /// True when the fetch is this voter's own. The first directory that fetches is the voter's for this leadership: one that comes with
    /// another has lost what it promised, and is not counted.
    /// </summary>
    public bool Admits(ReplicaKey replica)
    {
        if (_directory == Uuid.Zero)
        {
            _directory = replica.DirectoryId;
        }

        return new ReplicaKey(voter.Id, _directory).Admits(replica);
    }
}
