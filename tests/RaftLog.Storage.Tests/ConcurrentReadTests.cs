using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

public class ConcurrentReadTests
{
    /// <summary>
    /// Readers on other threads see whole, intact batches in order, while segments roll and old ones are deleted under them.
    /// </summary>
    [Fact]
    public async Task Readers_without_a_lock_see_only_whole_batches_in_order()
    {
        var disk = new InMemoryDisk();
        await new MetaProperties("cluster", new NodeId(1), new Uuid(1, 2)).WriteAsync(disk, Node.Root);
        LogDirectory directory = await LogDirectory.OpenAsync(disk, TimeProvider.System, Node.Root);
        Task loops = directory.RunAsync();
        PartitionLog log = directory.Create(Node.Orders, Node.OrdersId, Node.Small);
        const int Appends = 3000;
        Task<int>[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() => ReadAll(log, Appends)))];
        for (int i = 0; i < Appends; i++)
        {
            Assert.True(log.AppendAsLeader(Of($"value {i}"), new LeaderEpoch(0), AppendSettings.Default, Now).IsAccepted);
            if (i % 500 == 499)
            {
                log.AdvanceStart(new Offset(i - 400));
            }
        }

        foreach (Task<int> reader in readers)
        {
            Assert.True(await reader > 0);
        }

        await directory.CloseAsync(new BrokerEpoch(1));
        await loops;
    }

    private static int ReadAll(PartitionLog log, long upTo)
    {
        int batches = 0;
        byte[] buffer = new byte[4096];
        Offset next = Offset.Zero;
        while (next.Value < upTo)
        {
            ReadResult read = log.Read(next, 500, log.EndOffset, true);
            if (read.Error == ErrorCode.OffsetOutOfRange)
            {
                next = Offset.Max(next, log.StartOffset);
                continue;
            }

            using LogSlice slice = read.Slice;
            foreach (RecordBatch batch in new RecordBatches(buffer.AsSpan(0, slice.Read(buffer))))
            {
                Assert.True(batch.HasValidChecksum && batch.BaseOffset == next, $"{batch.BaseOffset} came where {next} was asked for");
                next = batch.NextOffset;
                batches++;
            }
        }

        return batches;
    }
}
