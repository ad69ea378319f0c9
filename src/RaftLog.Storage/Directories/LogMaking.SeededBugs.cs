using RaftLog.Protocol;

namespace RaftLog.Storage;

internal sealed partial class LogMaking
{
    static partial void SeededBugBeginsAnywhere(ref bool isHeld) => isHeld &= !SeededBug.Is(88);
}
