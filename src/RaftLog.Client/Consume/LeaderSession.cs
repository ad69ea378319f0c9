using System.Diagnostics.CodeAnalysis;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Consume;

/// <summary>
/// The reader's side of one leader's fetch session (KIP-227): which positions the leader knows, and what the next request must tell it. A
/// position is a member while the leader knows it as it is; one that moves on or stops leaves, and the next request names it anew or
/// forgets it. A request and its response so cost what has changed, however many partitions are read. Guarded by the lock of its
/// <see cref="Assignment"/>.
/// </summary>
internal sealed class LeaderSession(NodeId leader)
{
    private readonly SortedDictionary<TopicPartition, ReadPosition> _members = [];
    private readonly Dictionary<(Uuid Topic, int Partition), ReadPosition> _byId = [];
    private readonly List<(Uuid TopicId, TopicPartition Partition)> _left = [];
    private int _id;
    private int _epoch;
    private int _nameless;
    private bool _usesIds;

    /// <summary>The leader.</summary>
    public NodeId Leader => leader;

    /// <summary>True while one of its fetches is under way.</summary>
    public bool IsBusy { get; set; }

    /// <summary>True while the leader knows no position.</summary>
    public bool IsEmpty => _members.Count == 0;

    /// <summary>True once the leader keeps what it was told; else each request names everything.</summary>
    public bool IsKept => _id != 0;

    /// <summary>The members, in order.</summary>
    public IReadOnlyCollection<ReadPosition> Members => _members.Values;

    /// <summary>The member that a part of a response is about.</summary>
    public bool TryFind(Uuid topicId, TopicPartition name, [NotNullWhen(true)] out ReadPosition? position) =>
        topicId == Uuid.Zero ? _members.TryGetValue(name, out position) : _byId.TryGetValue((topicId, name.Partition), out position);

    /// <summary>The position is not, or no longer, as the leader knows it.</summary>
    public void Leave(ReadPosition position)
    {
        if (position.Session != this)
        {
            return;
        }

        position.Session = null;
        _members.Remove(position.Partition);
        _byId.Remove((position.TopicId, position.Partition.Partition));
        _nameless -= position.TopicId == Uuid.Zero ? 1 : 0;
        _left.Add((position.TopicId, position.Partition));
    }

    /// <summary>Begins a fetch: these positions become members, and those that have left are forgotten.</summary>
    public FetchTurn Begin(List<ReadPosition> changed)
    {
        changed.ForEach(Join);
        bool usesIds = _nameless == 0;
        if (_epoch > 0 && usesIds != _usesIds)
        {
            // The form of the request changes, which no session survives: it begins anew with all that is known.
            _epoch = 0;
        }

        _usesIds = usesIds;
        List<(Uuid TopicId, TopicPartition Partition)> forgotten = [];
        if (_epoch == 0)
        {
            changed = [.. _members.Values];
        }
        else
        {
            forgotten = _left.FindAll(each =>
                !(_members.TryGetValue(each.Partition, out ReadPosition? again) && again.TopicId == each.TopicId)
            );
        }

        changed.ForEach(static position => position.HasResponse = false);
        _left.Clear();
        IsBusy = true;
        return new FetchTurn(this, changed, forgotten, _id, _epoch, usesIds);
    }

    /// <summary>The leader has answered, with the session that it keeps from now on, or 0.</summary>
    public void OnResponse(int sessionId)
    {
        _id = sessionId;
        _epoch =
            sessionId == 0 ? 0
            : _epoch == int.MaxValue ? 1
            : _epoch + 1;
    }

    /// <summary>The leader knows nothing any more, or it is not known what: the next request begins anew.</summary>
    /// <returns>The positions that were members.</returns>
    public List<ReadPosition> End()
    {
        List<ReadPosition> members = [.. _members.Values];
        members.ForEach(Leave);
        _left.Clear();
        _epoch = 0;
        return members;
    }

    private void Join(ReadPosition position)
    {
        position.Session = this;
        _members[position.Partition] = position;
        _byId[(position.TopicId, position.Partition.Partition)] = position;
        _nameless += position.TopicId == Uuid.Zero ? 1 : 0;
    }
}

/// <summary>One fetch from a leader.</summary>
/// <param name="Session">The leader's session.</param>
/// <param name="Changed">The positions that the request names; all members where it begins a session.</param>
/// <param name="Forgotten">The partitions that the leader is to forget.</param>
/// <param name="SessionId">The session's id, or 0.</param>
/// <param name="Epoch">The request's number in the session; 0 begins one.</param>
/// <param name="UsesIds">False where a topic's id is not known, so that the request must name topics.</param>
internal sealed record FetchTurn(
    LeaderSession Session,
    List<ReadPosition> Changed,
    List<(Uuid TopicId, TopicPartition Partition)> Forgotten,
    int SessionId,
    int Epoch,
    bool UsesIds
)
{
    /// <summary>The leader.</summary>
    public NodeId Leader => Session.Leader;

    /// <summary>True when the response names every partition, not only what has changed.</summary>
    public bool IsFull => Epoch == 0;
}
