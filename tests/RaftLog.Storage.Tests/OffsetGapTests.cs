using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>
/// Offsets between which compaction has left nothing. An index tells offsets in 31 bits from its segment's base, so a batch that is further
/// away begins a segment of its own.
/// </summary>
public sealed class OffsetGapTests
{
    private const long Far = 3L * int.MaxValue;

    private static readonly LogSettings Settings = new() { SegmentBytes = 100_000, IndexIntervalBytes = 1 };

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void A_follower_copies_across_a_gap_of_any_size_and_serves_both_sides_of_it(int before)
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(Settings);
        Fill(node, log, 0, before);
        Fill(node, log, Far, 5);
        Check(log, before);
        node.Flush();
        Assert.Equal(log.EndOffset, log.DurableEnd);
        Check(node.Restart().Open(Settings), before);
    }

    /// <summary>A segment holds what an index can tell of it, to the last offset.</summary>
    [Theory]
    [InlineData(int.MaxValue, false)]
    [InlineData(1L + int.MaxValue, true)]
    public void A_batch_is_far_where_no_index_can_tell_its_place(long offset, bool isFar)
    {
        Assert.True(BatchHeader.TryRead(At(offset, 0, Of("a")).Span, out BatchHeader header));
        Assert.Equal(isFar, FetchedBatches.IsFar(header, Offset.Zero));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void What_was_flushed_on_both_sides_of_a_gap_survives_a_power_cut(int before)
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(Settings);
        Fill(node, log, 0, before);
        Fill(node, log, Far, 5);
        node.Flush();
        Check(node.LosePower(static _ => 0).Open(Settings), before);
    }

    [Fact]
    public void Indexes_that_are_gone_are_made_anew_on_both_sides_of_a_gap()
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(Settings);
        Fill(node, log, 0, 10);
        Fill(node, log, Far, 5);
        node.Flush();
        node.Close();
        foreach (
            string file in node
                .Disk.ListFiles($"{Node.Root}/orders-0")
                .Where(static name => name.EndsWith("index", StringComparison.Ordinal))
        )
        {
            node.Disk.DeleteFile($"{Node.Root}/orders-0/{file}");
        }

        Check(new Node(node.Disk).Run().Open(Settings), 10);
    }

    [Theory]
    [InlineData(int.MaxValue, 1)]
    [InlineData(int.MaxValue + 1L, 2)]
    public void A_segment_takes_a_batch_as_far_away_as_its_indexes_can_tell(long offset, int segments)
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(Settings);
        Fill(node, log, 0, 1);
        Fill(node, log, offset, 1);
        Assert.Equal(segments, log.Segments.Length);
        Assert.Equal(["0", $"{offset}"], Values(log));
        Assert.Equal(new Offset(offset), log.FindByTimestamp(TimeOf(offset))?.Offset);
    }

    /// <summary>Else a power cut could leave the segment behind the gap and take records before it, and nobody would notice.</summary>
    [Fact]
    public void A_batch_behind_a_gap_is_taken_when_all_before_it_is_durable_and_alone()
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(Settings);
        AppendResult near = log.AppendAsFollower(Join(Batch(0), Batch(1), Batch(Far)), new LeaderEpoch(1), Now);
        Assert.Equal(new Offset(1), near.LastOffset);
        AppendResult early = log.AppendAsFollower(Join(Batch(Far), Batch(Far + 1)), new LeaderEpoch(1), Now);
        Assert.Equal((ErrorCode.None, Offset.None), (early.Error, early.LastOffset));
        Assert.Single(log.Segments);
        node.Flush();
        AppendResult far = log.AppendAsFollower(Join(Batch(Far), Batch(Far + 1)), new LeaderEpoch(1), Now);
        Assert.Equal(new Offset(Far + 1), far.LastOffset);
        Assert.Equal(["0", "1", $"{Far}", $"{Far + 1}"], Values(log));
    }

    /// <summary>What goes to the log without a flush is flushed for it.</summary>
    [Fact]
    public void A_topic_that_never_flushes_takes_a_batch_behind_a_gap_too()
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(Settings with { FlushIntervalMessages = long.MaxValue });
        Fill(node, log, 0, 3);
        Fill(node, log, Far, 1);
        Assert.Equal(4, Values(log).Count);
    }

    [Fact]
    public void A_log_that_is_truncated_into_a_gap_goes_on_there()
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(Settings);
        Fill(node, log, 0, 10);
        Fill(node, log, Far, 5);
        node.Flush();
        log.TruncateTo(new Offset(Far - 7));
        long end = log.EndOffset.Value;
        Assert.Equal(10, end);
        Fill(node, log, end, 2);
        Assert.Equal(12, Values(log).Count);
        node.Flush();
        PartitionLog after = node.LosePower(static _ => 0).Open(Settings);
        Assert.Equal(end + 2, after.EndOffset.Value);
        Assert.Equal(12, Values(after).Count);
    }

    /// <summary>The segment's file may be durable before its first batch is.</summary>
    [Fact]
    public void A_power_cut_after_the_segment_behind_a_gap_was_made_leaves_a_log_that_goes_on()
    {
        CrashPoints.LiveAll(Cut, leastOperations: 3, subsets: 2);

        static int Cut(int failAt, Action<CrashDisk> losePower)
        {
            CrashDisk disk = new();
            FailingDisk failing = new(disk);
            Node node = new Node(disk, failing).Run();
            PartitionLog log = node.Create(Settings);
            Fill(node, log, 0, 10);
            node.Flush();
            int before = failing.Operations;
            failing.StopAt(failAt);
            log.AppendAsFollower(Batch(Far), new LeaderEpoch(1), Now);
            node.Flush();
            int operations = failing.Operations - before;
            losePower(node.Disk);
            node = new Node(node.Disk).Run();
            PartitionLog after = node.Open(Settings);
            List<string> kept = Values(after);
            Assert.Equal(Enumerable.Range(0, 10).Select(static i => $"{i}"), kept.Take(10));
            Assert.Equal(kept.Count == 11 ? [$"{Far}"] : [], kept.Skip(10));
            long end = Math.Max(after.EndOffset.Value, Far);
            Fill(node, after, end, 1);
            Assert.Equal($"{end}", Values(after)[^1]);
            return operations;
        }
    }

    /// <summary>Later for later offsets, and never so much later that a segment ends for its age.</summary>
    private static long TimeOf(long offset) => Now + (offset % 1000);

    private static Memory<byte> Batch(long offset) =>
        At(offset, 1, With(ProducerStamp.None, CompressionType.None, false, TimeOf(offset), $"{offset}"));

    private static void Fill(Node node, PartitionLog log, long from, int count)
    {
        for (long offset = from; offset < from + count; offset++)
        {
            AppendResult result = log.AppendAsFollower(Batch(offset), new LeaderEpoch(1), Now);
            if (result.LastOffset == Offset.None)
            {
                // It is taken when all before it is durable.
                Assert.True(offset - log.EndOffset.Value > int.MaxValue - 1);
                node.Flush();
                result = log.AppendAsFollower(Batch(offset), new LeaderEpoch(1), Now);
            }

            Assert.Equal((ErrorCode.None, offset), (result.Error, result.LastOffset.Value));
        }
    }

    private static void Check(PartitionLog log, int before)
    {
        List<string> all =
        [
            .. Enumerable.Range(0, before).Select(static i => $"{i}"),
            .. Enumerable.Range(0, 5).Select(static i => $"{Far + i}"),
        ];
        Assert.Equal(new Offset(Far + 5), log.EndOffset);
        Assert.Equal(all, Values(log));
        foreach (long from in (long[])[before, before + 1, int.MaxValue, 1L + int.MaxValue, Far - 1, Far])
        {
            ReadResult read = log.Read(new Offset(from), 1, log.EndOffset, atLeastOneBatch: true);
            using LogSlice slice = read.Slice;
            byte[] bytes = new byte[slice.Length];
            Assert.Equal((ErrorCode.None, $"{Far}"), (read.Error, Values(bytes.AsSpan(0, slice.Read(bytes)))[0]));
        }

        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(new Offset(Far + i), log.FindByTimestamp(TimeOf(Far + i))?.Offset);
        }

        Assert.All(log.Segments, static segment => Assert.True(segment.NextOffset - segment.BaseOffset <= 1L + int.MaxValue));
    }
}
