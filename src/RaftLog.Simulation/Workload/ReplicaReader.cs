using RaftLog.Checking;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>Reads a replica's log from a machine's disk, without the node's help.</summary>
internal static class ReplicaReader
{
    private const string LogSuffix = ".log";

    internal static ReplicaLog Read(SimMachine machine, NodeId node, TopicPartition partition, Offset highWatermark)
    {
        string directory = machine.PathOf(partition);
        List<ReplicaBatch> batches = [];
        foreach (string name in machine.Volume.ListFiles(directory).Where(each => each.EndsWith(LogSuffix, StringComparison.Ordinal)))
        {
            byte[] bytes = machine.Volume.ReadFile($"{directory}/{name}")!;
            int at = 0;
            while (RecordBatch.Read(bytes.AsSpan(at), out RecordBatch batch) == BatchStatus.Complete)
            {
                batches.Add(new ReplicaBatch(batch.BaseOffset, batch.LastOffset, bytes.AsMemory(at, batch.Size)));
                at += batch.Size;
            }
        }

        return new ReplicaLog(node, partition, highWatermark, batches);
    }
}
