using RaftLog.Protocol;

namespace RaftLog.Client.Consume.Parallel;

/// <summary>
/// How far a partition is done when its records end in any order: only what has no record before it that is not done can be committed.
/// </summary>
internal sealed class ContiguousOffsets
{
    private readonly Queue<Offset> _begun = new();
    private readonly HashSet<Offset> _ended = [];
    private Offset _end = Offset.None;

    /// <summary>Where to go on if everything were lost now; none before the first record.</summary>
    public Offset Next => _begun.TryPeek(out Offset first) ? first : _end;

    /// <summary>A record is to be handled. Records come in the order of their offsets.</summary>
    public void Begin(Offset offset) => _begun.Enqueue(offset);

    /// <summary>All records before an offset have been begun.</summary>
    public void Reach(Offset end) => _end = end;

    /// <summary>A record is done.</summary>
    public void End(Offset offset)
    {
        _ended.Add(offset);
        while (_begun.TryPeek(out Offset first) && _ended.Remove(first))
        {
            _begun.Dequeue();
        }
    }
}
