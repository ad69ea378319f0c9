using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups.Classic;

internal static partial class ClassicMembership
{
    static partial void SeededBugAdmitsEarlierGeneration(ref bool isNoMembers) => isNoMembers |= SeededBug.Is(20);
}
