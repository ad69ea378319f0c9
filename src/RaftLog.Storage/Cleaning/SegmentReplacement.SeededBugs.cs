using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

internal sealed partial class SegmentReplacement
{
    static partial void SeededBugSkipsFlush(List<IDiskFile> files) => files.RemoveAll(static _ => SeededBug.Is(57));
}
