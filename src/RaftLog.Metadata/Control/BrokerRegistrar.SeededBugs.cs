using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

internal sealed partial class BrokerRegistrar
{
    static partial void SeededBugStaysUnfenced(RegisterBrokerRecord record, BrokerRegistration? existing)
    {
        if (SeededBug.Is(47))
        {
            record.Fenced = existing is null || existing.Fenced;
        }
    }
}
