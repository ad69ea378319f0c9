using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Quorum;

internal sealed partial class MetadataStore
{
    static partial void SeededBugLabelsSnapshotLow(ref MetadataProvenance at)
    {
        if (SeededBug.Is(39))
        {
            at = at with { LastOffset = at.LastOffset - 1 };
        }
    }
}
