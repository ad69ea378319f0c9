using RaftLog.Protocol;

namespace RaftLog.Broker.Lifecycle;

internal sealed partial class StopSteps
{
    static partial void SeededBugWaitsForEver(ref TimeSpan limit) => limit = SeededBug.Is(79) ? Timeout.InfiniteTimeSpan : limit;
}
