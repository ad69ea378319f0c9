using RaftLog.Protocol;

namespace RaftLog.Platform.Waiting;

public sealed partial class AsyncSignal
{
    partial void SeededBugLosesWakeUp() => _set = !SeededBug.Is(43);
}
