using RaftLog.Checking;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>What one member did in its group, for the checkers.</summary>
public sealed class GroupLog
{
    private readonly List<OffsetOperation> _offsets = [];
    private readonly List<Ownership> _ownerships = [];

    /// <summary>Commits, reads and generations.</summary>
    public IReadOnlyList<OffsetOperation> Offsets => _offsets;

    /// <summary>What it held, and when.</summary>
    public IReadOnlyList<Ownership> Ownerships => _ownerships;

    /// <summary>How many commits were told to be done.</summary>
    public int Committed { get; private set; }

    internal int Begin(OffsetOperation operation)
    {
        _offsets.Add(operation);
        return _offsets.Count - 1;
    }

    internal void End(int index, SendOutcome outcome, long atUs)
    {
        _offsets[index] = _offsets[index] with { Outcome = outcome, CompletedUs = outcome == SendOutcome.Unknown ? null : atUs };
        Committed += outcome == SendOutcome.Acknowledged ? 1 : 0;
    }

    internal void Read(OffsetOperation read) => _offsets.Add(read);

    internal void Joined(string group, int generation, long invokedUs, long completedUs) =>
        _offsets.Add(
            new OffsetOperation(
                group,
                default,
                OffsetAction.Join,
                generation,
                Offset.None,
                SendOutcome.Acknowledged,
                invokedUs,
                completedUs
            )
        );

    internal void Held(Ownership ownership) => _ownerships.Add(ownership);
}
