using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>The committed offset of one partition of one group: a register.</summary>
public sealed class OffsetModel : ISequentialModel<Offset, OffsetOperation>
{
    /// <inheritdoc />
    public Offset Initial => Offset.None;

    /// <inheritdoc />
    public bool TryApply(Offset state, OffsetOperation call, out Offset next)
    {
        next = call.Action == OffsetAction.Commit ? call.Offset : state;
        return call.Action == OffsetAction.Commit || state == call.Offset;
    }
}
