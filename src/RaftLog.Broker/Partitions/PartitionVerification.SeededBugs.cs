using RaftLog.Protocol;

namespace RaftLog.Broker.Partitions;

internal sealed partial class PartitionVerifications
{
    static partial void SeededBugSkipsVerification(ref bool isRepeated) => isRepeated |= SeededBug.Is(18);
}
