using RaftLog.Checking;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Jepsen.Workloads;

/// <summary>A batch of one record with the sequence number that it keeps through every attempt.</summary>
/// <param name="Partition">Where to.</param>
/// <param name="Value">What.</param>
/// <param name="Operation">The operation that it is in the history.</param>
/// <param name="Bytes">The batch.</param>
internal sealed record NumberedBatch(TopicPartition Partition, RecordValue Value, long Operation, byte[] Bytes)
{
    private const int Limit = 4096;

    public static NumberedBatch Create(TopicPartition partition, RecordValue value, long operation, ProducerStamp stamp)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(Limit));
        builder.Producer = stamp;
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        return builder.TryAppend(now, default, Payload.Write(value, partition))
            ? new NumberedBatch(partition, value, operation, builder.Seal().ToArray())
            : throw new InvalidOperationException("a record of the workload does not fit into a batch");
    }
}
