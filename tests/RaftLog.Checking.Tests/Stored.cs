using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Checking.Tests;

/// <summary>Batches as they lie in a replica's files.</summary>
internal static class Stored
{
    internal static ReplicaBatch Batch(long offset, int epoch, int producer, int sequence, long value)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(1024));
        builder.BaseOffset = new Offset(offset);
        builder.PartitionLeaderEpoch = new LeaderEpoch(epoch);
        builder.Producer = new ProducerStamp(new ProducerId(producer), new ProducerEpoch(0), sequence);
        Assert.True(builder.TryAppend(0, default, BitConverter.GetBytes(value)));
        return new ReplicaBatch(new Offset(offset), new Offset(offset), builder.Seal().ToArray());
    }
}
