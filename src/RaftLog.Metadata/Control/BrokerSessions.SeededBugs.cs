using RaftLog.Protocol;

namespace RaftLog.Metadata;

internal sealed partial class BrokerSessions
{
    partial void SeededBugBeginsNoSessions()
    {
        if (SeededBug.Is(63))
        {
            _sessions.Clear();
            _wantedProbes.Clear();
        }
    }

    static partial void SeededBugLastsLonger(ref long lastsMs) => lastsMs *= SeededBug.Is(83) ? 4 : 1;
}
