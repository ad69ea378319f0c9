using RaftLog.Protocol;

namespace RaftLog.Metadata;

internal sealed partial class BrokerHealth
{
    static partial void SeededBugFencesUnseen(ref bool rejected) => rejected |= SeededBug.Is(41);
}
