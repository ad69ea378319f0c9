using RaftLog.Protocol;

namespace RaftLog.Metadata;

internal sealed partial class ConfigChanges
{
    static partial void SeededBugReplacesList(List<string> list, Operation operation)
    {
        if (SeededBug.Is(61) && operation == Operation.Append)
        {
            list.Clear();
        }
    }
}
