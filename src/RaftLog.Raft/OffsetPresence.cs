using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>Tells an offset from the absence of one.</summary>
internal static class OffsetPresence
{
    /// <summary>False for <see cref="Offset.None"/>.</summary>
    public static bool IsOffset(this Offset offset) => offset >= Offset.Zero;
}
