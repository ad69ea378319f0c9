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
}
