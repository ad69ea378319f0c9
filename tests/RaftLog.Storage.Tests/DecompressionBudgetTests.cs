using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>Batches that must be held in large parts share a budget; who finds it used up is rejected at once, and nobody waits.</summary>
public sealed class DecompressionBudgetTests
{
    private const long MiB = 1 << 20;

    private static readonly AppendSettings Large = new() { MaxMessageBytes = 64 << 20 };

    [Fact]
    public void A_batch_that_finds_the_budget_used_up_is_rejected_and_taken_when_there_is_room()
    {
        List<long> told = [];
        DecompressionBudget budget = new(16 * MiB);
        budget.Exhausted += told.Add;
        Memory<byte> batch = LargeBatch();
        long window = WindowOf(batch);
        DecompressionBudget.Part other = budget.TryTake(16 * MiB - window + 1)!.Value;

        CheckedBatch rejected = ClientBatch.Check(batch, Large, Now, budget);
        Assert.Equal(ErrorCode.NotEnoughReplicas, rejected.Rejection!.Value.Error);
        Assert.True(rejected.Rejection.Value.Error.IsRetriable());
        Assert.Contains("raftlog.decompression.buffer.bytes", rejected.Rejection.Value.Message, StringComparison.Ordinal);
        Assert.Equal([window], told);
        Assert.Null(ClientBatch.Check(With(ProducerStamp.None, CompressionType.Zstd, false, Now, "small"), Large, Now, budget).Rejection);

        other.Dispose();
        Assert.Null(ClientBatch.Check(batch, Large, Now, budget).Rejection);
        Assert.Equal(0, budget.UsedBytes);
        Assert.Single(told);
    }

    [Fact]
    public void A_batch_that_needs_more_than_the_budget_is_read_alone()
    {
        DecompressionBudget budget = new(1);
        Memory<byte> batch = LargeBatch();
        Assert.Null(ClientBatch.Check(batch, Large, Now, budget).Rejection);
        using (budget.TryTake(3 * MiB))
        {
            Assert.Equal(3 * MiB, budget.UsedBytes);
            Assert.NotNull(ClientBatch.Check(batch, Large, Now, budget).Rejection);
        }

        Assert.Equal(0, budget.UsedBytes);
    }

    [Fact]
    public void A_look_up_by_time_that_finds_the_budget_used_up_fails_and_succeeds_later()
    {
        Node node = new Node().Run();
        node.Close();
        DecompressionBudget budget = new(1);
        LogDirectory directory = node.Pump.Finish(() => LogDirectory.OpenAsync(node.Disk, node.Time, Node.Root, budget));
        PartitionLog log = directory.Create(Node.Orders, Node.OrdersId, LogSettings.Default);
        Assert.True(log.AppendAsLeader(LargeBatch(), new LeaderEpoch(0), Large, Now).IsAccepted);
        using (budget.TryTake(3 * MiB))
        {
            Assert.Throws<DecompressionBudgetException>(() => log.FindByTimestamp(Now + 3));
            Assert.Throws<DecompressionBudgetException>(() => log.FindMaxTimestamp());
        }

        Assert.Equal(new Offset(3), log.FindByTimestamp(Now + 3)!.Value.Offset);
        directory.Abandon();
    }

    /// <summary>A batch at a level of zstd that looks back over many bytes.</summary>
    private static Memory<byte> LargeBatch()
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(32 << 20, CompressionType.Zstd, Level: 19));
        byte[] value = new byte[MiB];
        for (int i = 0; i < 9; i++)
        {
            Assert.True(builder.TryAppend(Now + i, NullableBytes.Null, value));
        }

        Memory<byte> batch = builder.Seal().ToArray();
        Assert.InRange(WindowOf(batch), 3 * MiB, 16 * MiB);
        return batch;
    }

    private static long WindowOf(Memory<byte> records)
    {
        Assert.Equal(BatchStatus.Complete, RecordBatch.Read(records.Span, out RecordBatch batch));
        return PlainStream.WindowOf(batch.Attributes.Compression, batch.Section);
    }
}
