using RaftLog.Protocol;

namespace RaftLog.Metadata;

internal static partial class InSyncSets
{
    static partial void SeededBugAdmitsEarlierIncarnation(ref Member member) =>
        member = SeededBug.Is(11) ? member with { Epoch = BrokerEpoch.None } : member;
}
