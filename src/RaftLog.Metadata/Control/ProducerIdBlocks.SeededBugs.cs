using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

public static partial class ProducerIdBlocks
{
    static partial void SeededBugRecordsStart(ProducerIdsRecord record, ProducerId first)
    {
        if (SeededBug.Is(45))
        {
            record.NextProducerId = first;
        }
    }
}
