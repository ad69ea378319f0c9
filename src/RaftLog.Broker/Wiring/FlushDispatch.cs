using RaftLog.Broker.Partitions;
using RaftLog.Broker.Quorum;
using RaftLog.Storage;

namespace RaftLog.Broker.Wiring;

/// <summary>Tells the quorum of its log's flushes and the partitions of theirs: one flusher serves both.</summary>
internal sealed class FlushDispatch(PartitionLog metadataLog, QuorumNode quorum, PartitionTable? partitions) : IFlushObserver
{
    /// <inheritdoc />
    public void Flushed(IReadOnlyList<PartitionLog> logs)
    {
        for (int i = 0; i < logs.Count; i++)
        {
            if (ReferenceEquals(logs[i], metadataLog))
            {
                quorum.LogFlushed();
                break;
            }
        }

        partitions?.Flushed(logs);
    }
}
