using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>Records that are looked for by their time.</summary>
public sealed class TimestampLookupTests
{
    [Fact]
    public void A_corrupt_batch_ends_a_look_up_and_is_not_passed_over()
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(new LogSettings());
        int[] ends = [.. Enumerable.Range(0, 3).Select(i => Appended(log, i))];
        Assert.Equal(new Offset(1), log.FindByTimestamp(Now + 1)!.Value.Offset);

        node.Disk.Corrupt($"{log.Path}/{LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log)}", bytes => Flipped(bytes, ends[1] - 1));

        CorruptBatchException corrupt = Assert.Throws<CorruptBatchException>(() => log.FindByTimestamp(Now + 1));
        Assert.Contains($"at byte {ends[0]} of {log.Path}", corrupt.Message, StringComparison.Ordinal);
        Assert.Equal(Offset.Zero, log.FindByTimestamp(Now)!.Value.Offset);
        Assert.Equal(new Offset(2), log.FindByTimestamp(Now + 2)!.Value.Offset);
    }

    [Fact]
    public void Bytes_that_are_no_batch_end_a_look_up()
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(new LogSettings());
        int[] ends = [.. Enumerable.Range(0, 3).Select(i => Appended(log, i))];

        // The length of the second batch.
        node.Disk.Corrupt($"{log.Path}/{LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log)}", bytes => Flipped(bytes, ends[0] + 8));

        Assert.Throws<CorruptBatchException>(() => log.FindByTimestamp(Now + 2));
    }

    private static int Appended(PartitionLog log, int number)
    {
        log.AppendAsLeader(
            With(ProducerStamp.None, CompressionType.None, false, Now + number, $"value {number}"),
            new LeaderEpoch(0),
            AppendSettings.Default,
            Now
        );
        return checked((int)log.SizeBytes);
    }

    private static byte[] Flipped(byte[] bytes, int at)
    {
        byte[] flipped = [.. bytes];
        flipped[at] ^= 0x10;
        return flipped;
    }
}
