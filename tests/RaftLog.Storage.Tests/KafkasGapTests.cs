using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>
/// Gaps between segments above the recovery point. Apache Kafka's follower names a segment by its first batch, also where compaction on the
/// leader has left nothing before that; RaftLog names it by the log's end, so a gap of its own is a lost end.
/// </summary>
public sealed class KafkasGapTests
{
    private const string Log = $"{Node.Root}/orders-0";
    private const string Mark = $"{Node.Root}/raftlog-in-use";

    private static readonly LogSettings Settings = new() { SegmentBytes = 450, IndexIntervalBytes = 1 };

    /// <summary>Six batches of the first kind, then the others, each behind a gap that is as long as the offsets say.</summary>
    public static TheoryData<int, long[]> Gaps =>
        new()
        {
            { 6, [100] },
            { 6, [7, 100, 101, 102, 103, 104, 105, 106, 107, 5000] },
            { 6, [int.MaxValue - 5L, int.MaxValue, 1L + int.MaxValue] },
            { 0, [9, 10, 11, 12, 13, 14, 15, 16, 30] },
            { 1, [2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24] },
        };

    [Theory]
    [MemberData(nameof(Gaps))]
    public void What_Kafka_has_left_on_both_sides_of_a_gap_stays(int before, long[] after)
    {
        List<string> expected = [.. Enumerable.Range(0, before).Select(static i => $"{i}"), .. after.Select(static i => $"{i}")];
        Node node = LeftByKafka(before, after);
        PartitionLog log = node.Open(Settings);
        Assert.Equal(expected, Values(log));
        Assert.Equal(new Offset(after[^1] + 1), log.EndOffset);
        Assert.Equal(0, log.Recovery.DroppedSegments);
        CheckLookups(log, after);

        // The next stop without order is RaftLog's, whatever it finds marked: no gap is left to be misjudged.
        node.Pump.Finish(() => node.Directory.OpenAllAsync(Settings));
        Assert.True(node.Disk.FileExists(Mark));
        log = node.LosePower(static _ => 0).Open(Settings);
        Assert.Equal(expected, Values(log));
        CheckLookups(log, after);
    }

    [Fact]
    public void A_power_cut_while_Kafkas_directory_is_taken_over_takes_nothing()
    {
        CrashPoints.LiveAll(Cut, leastOperations: 3, subsets: 2);

        static int Cut(int failAt, Action<CrashDisk> losePower)
        {
            CrashDisk disk = LeftByKafka(6, [100, 101, 102, 103, 104, 105, 5000]).Disk;
            disk.LosePower(static _ => 0);
            FailingDisk failing = new(disk);
            failing.StopAt(failAt);
            try
            {
                Node node = new Node(disk, failing).Run();
                node.Pump.Finish(() => node.Directory.OpenAllAsync(Settings));
            }
            catch (Exception failure) when (failure is Platform.DiskException or LogDirectoryException) { }

            losePower(disk);
            PartitionLog log = new Node(disk).Run().Open(Settings);
            Assert.Equal(13, Values(log).Count);
            return failing.Operations;
        }
    }

    [Fact]
    public void A_gap_that_RaftLog_has_left_is_a_lost_end()
    {
        Node node = LeftByKafka(6, [100]);
        node.Disk.OpenOrCreate(Mark).Dispose();
        node.Directory.Abandon();
        PartitionLog log = new Node(node.Disk).Run().Open(Settings);
        Assert.Equal(["0", "1", "2", "3", "4", "5"], Values(log));
    }

    [Fact]
    public void A_directory_is_marked_from_before_the_first_record_until_its_clean_stop()
    {
        Node node = new Node().Run();
        Assert.True(node.Disk.FileExists(Mark));
        PartitionLog log = node.Create(Settings);
        Assert.Equal(ErrorCode.None, log.AppendAsFollower(Batch(0), new LeaderEpoch(1), Now).Error);
        node.Flush();
        node = node.LosePower(static _ => 0);
        Assert.True(node.Disk.FileExists(Mark));
        node.Open(Settings);
        node.Close();
        Assert.False(node.Disk.FileExists(Mark));
        node = new Node(node.Disk).Run();
        node.Disk.LosePower(static _ => 0);
        Assert.True(node.Disk.FileExists(Mark));
    }

    /// <summary>A directory after a kill, with segments that Kafka has named, and nothing of RaftLog's.</summary>
    private static Node LeftByKafka(int before, long[] after)
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(Settings);
        foreach (long offset in Enumerable.Range(0, before).Select(static i => (long)i).Concat(after))
        {
            Assert.Equal(new Offset(offset), log.AppendAsFollower(Batch(offset), new LeaderEpoch(1), Now).LastOffset);
            node.Flush();
        }

        LogSegment[] segments = log.Segments;
        Assert.True(segments.Length > 1);
        node.Disk.KillProcess();
        foreach (LogSegment segment in segments)
        {
            RecordBatch.Read(node.Disk.BytesOf(segment.Log.Path), out RecordBatch first);
            string kafkas = $"{Log}/{LogFileNames.OfOffset(first.BaseOffset, LogFileNames.Log)}";
            if (kafkas != segment.Log.Path && segment.BaseOffset != Offset.Zero)
            {
                node.Disk.Rename(segment.Log.Path, kafkas);
            }
        }

        node.Disk.DeleteFile(Mark);
        node.Pump.Finish(() => node.Disk.FlushDirectoryAsync(Log));
        node.Pump.Finish(() => node.Disk.FlushDirectoryAsync(Node.Root));
        return new Node(node.Disk).Run();
    }

    private static void CheckLookups(PartitionLog log, long[] after)
    {
        foreach (long offset in after)
        {
            ReadResult read = log.Read(new Offset(offset), 1, log.EndOffset, atLeastOneBatch: true);
            using LogSlice slice = read.Slice;
            byte[] bytes = new byte[slice.Length];
            Assert.Equal((ErrorCode.None, $"{offset}"), (read.Error, Values(bytes.AsSpan(0, slice.Read(bytes)))[0]));
        }
    }

    private static Memory<byte> Batch(long offset) =>
        At(offset, 1, With(ProducerStamp.None, CompressionType.None, false, Now, $"{offset}"));
}
