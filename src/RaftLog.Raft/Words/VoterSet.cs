using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// The replicas that elect the leader and whose logs decide what is committed; fixed while the node runs (kraft.version 0).
/// </summary>
public sealed class VoterSet
{
    /// <summary>The most voters that a quorum may have: each one costs every commit a replica to wait for.</summary>
    public const int MaxVoters = 31;

    private readonly ReplicaKey[] _voters;

    /// <summary>Makes a set in the order of the node ids.</summary>
    /// <param name="voters">1 to <see cref="MaxVoters"/> replicas with different node ids.</param>
    /// <exception cref="ArgumentException">There are none or too many, an id occurs twice, or an id is negative.</exception>
    public VoterSet(IEnumerable<ReplicaKey> voters)
    {
        _voters = [.. voters.Order()];
        if (_voters.Length is 0 or > MaxVoters)
        {
            throw new ArgumentException($"A quorum has 1 to {MaxVoters} voters, not {_voters.Length}: correct controller.quorum.voters.");
        }

        for (int index = 0; index < _voters.Length; index++)
        {
            NodeId id = _voters[index].Id;
            if (!id.IsNode || (index > 0 && id == _voters[index - 1].Id))
            {
                throw new ArgumentException($"Voter {id} is negative or named twice: correct controller.quorum.voters.");
            }
        }
    }

    /// <summary>A static set: ids without directories, as in <c>controller.quorum.voters</c>.</summary>
    public static VoterSet OfIds(params IEnumerable<int> ids) => new(ids.Select(id => new ReplicaKey(new NodeId(id), Uuid.Zero)));

    /// <summary>The voters by ascending node id.</summary>
    public IReadOnlyList<ReplicaKey> Voters => _voters;

    /// <summary>How many voters there are.</summary>
    public int Count => _voters.Length;

    /// <summary>How many voters make a majority.</summary>
    public int Majority => QuorumArithmetic.Majority(_voters.Length);

    /// <summary>The place of a node in <see cref="Voters"/>, or -1 when it is no voter.</summary>
    public int IndexOf(NodeId id)
    {
        for (int index = 0; index < _voters.Length; index++)
        {
            if (_voters[index].Id == id)
            {
                return index;
            }
        }

        return -1;
    }

    /// <summary>True when the node is a voter, whatever its directory.</summary>
    public bool Contains(NodeId id) => IndexOf(id) >= 0;
}
