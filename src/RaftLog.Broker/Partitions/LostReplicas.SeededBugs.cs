using RaftLog.Protocol;

namespace RaftLog.Broker.Partitions;

internal sealed partial class LostReplicas
{
    static partial void SeededBugBeginsEmpty(ref bool mayLead) => mayLead &= !SeededBug.Is(75);
}
