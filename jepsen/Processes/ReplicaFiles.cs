using RaftLog.Checking;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Jepsen.Processes;

/// <summary>
/// Reads the replicas of a partition from the nodes' directories after the last stop. The files of both systems have one format.
/// </summary>
internal static class ReplicaFiles
{
    /// <summary>The replica of a node; null when it has none.</summary>
    public static ReplicaLog? Read(NodeProcess node, TopicPartition partition, Offset highWatermark)
    {
        string directory = Path.Combine(node.DataDirectory, $"{partition}");
        if (!Directory.Exists(directory))
        {
            return null;
        }

        List<ReplicaBatch> batches = [];
        foreach (string file in Directory.EnumerateFiles(directory, "*.log").Order(StringComparer.Ordinal))
        {
            ReadOnlyMemory<byte> bytes = File.ReadAllBytes(file);
            while (RecordBatch.Read(bytes.Span, out RecordBatch batch) == BatchStatus.Complete)
            {
                batches.Add(new ReplicaBatch(batch.BaseOffset, batch.LastOffset, bytes[..batch.Size]));
                bytes = bytes[batch.Size..];
            }
        }

        return new ReplicaLog(new NodeId(node.Id), partition, highWatermark, batches);
    }
}
