using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>What retention takes, and what becomes of the files.</summary>
public class RetentionTests
{
    private const long Day = 86_400_000;

    private static readonly SegmentExtent[] Three = [Segment(0, 100, 10), Segment(10, 100, 20), Segment(20, 50, 30)];

    [Fact]
    public void Nothing_goes_from_a_log_that_a_stop_has_closed()
    {
        Assert.False(RetentionDecision.Of([], new RetentionLimits(0, 0), Offset.Zero, Offset.Zero, 1000).TakesActive);
        Assert.Equal(default, CleanableRange.Of([], Offset.Zero, Offset.Zero, Offset.Zero, CleaningSettings.Default, 1000));
    }

    [Fact]
    public void Segments_go_while_their_newest_record_is_too_old()
    {
        Assert.Equal(0, Decide(-1, -1, nowMs: long.MaxValue / 2).Start.Value);
        Assert.Equal(0, Decide(100, -1, nowMs: 110).Start.Value);
        Assert.Equal(10, Decide(100, -1, nowMs: 111).Start.Value);
        Assert.Equal((20, 2, 200L), Deleted(Decide(100, -1, nowMs: 121)));
    }

    [Fact]
    public void Segments_go_while_the_rest_has_the_bytes_that_are_allowed()
    {
        Assert.Equal(0, Decide(-1, 151, nowMs: 0).Start.Value);
        Assert.Equal(10, Decide(-1, 150, nowMs: 0).Start.Value);
        Assert.Equal(20, Decide(-1, 50, nowMs: 0).Start.Value);
    }

    [Fact]
    public void The_last_segment_goes_too_and_only_what_is_committed_goes()
    {
        RetentionDecision all = Decide(100, -1, nowMs: 131);
        Assert.Equal((30, 3, true), (all.Start.Value, all.Segments, all.TakesActive));
        Assert.False(Decide(100, -1, nowMs: 1000, highWatermark: 29).TakesActive);
        Assert.Equal(10, Decide(100, -1, nowMs: 1000, highWatermark: 19).Start.Value);
        Assert.Equal(0, Decide(100, -1, nowMs: 1000, highWatermark: 9).Start.Value);
        Assert.False(RetentionDecision.Of([Segment(0, 0, 5)], new RetentionLimits(0, 0), Offset.Zero, Offset.Zero, 1000).TakesActive);
    }

    [Fact]
    public void Segments_that_wait_to_be_removed_are_taken_once()
    {
        SegmentExtent[] segments = [Segment(0, 100, 9 * Day), Segment(10, 100, 20), Segment(20, 50, 30)];
        RetentionDecision again = RetentionDecision.Of(segments, new RetentionLimits(100, 50), new Offset(20), new Offset(30), 50);
        Assert.Equal((20, 0, 0L, null), (again.Start.Value, again.Segments, again.Bytes, again.Pinned));
        RetentionDecision more = RetentionDecision.Of(segments, new RetentionLimits(-1, 50), new Offset(10), new Offset(30), 50);
        Assert.Equal((20, 1, 100L), Deleted(more));
        RetentionDecision last = RetentionDecision.Of(segments, new RetentionLimits(-1, 0), new Offset(30), new Offset(30), 50);
        Assert.Equal((30, 1, 50L, true), (last.Start.Value, last.Segments, last.Bytes, last.TakesActive));
    }

    [Fact]
    public void A_pass_tells_nothing_of_what_the_one_before_has_taken()
    {
        ProducerStamp producer = new(new ProducerId(7), new ProducerEpoch(0), 0);
        var node = new Node();
        PartitionLog log = node.Run().Create();
        for (int i = 0; i < 40; i++)
        {
            log.AppendAsLeader(With(producer with { BaseSequence = i }, $"value {i}"), new LeaderEpoch(0), AppendSettings.Default, Now);
        }

        node.Flush();
        log.SetHighWatermark(log.EndOffset);
        RetentionLimits limits = new(-1, log.SizeBytes / 2);
        Assert.True(log.Retain(limits, Now).Segments > 0);
        Assert.True(log.Segments[0].NextOffset <= log.StartOffset, "files wait for the snapshot");
        Assert.Equal((0, 0L), (log.Retain(limits, Now).Segments, log.Retain(limits, Now).Bytes));
        node.Flush();
        log.OnFlushed();
        Assert.Equal(log.StartOffset, log.Segments[0].BaseOffset);
    }

    [Fact]
    public void A_record_of_the_future_pins_its_segment_and_all_after_it()
    {
        SegmentExtent[] segments = [Segment(0, 100, 10), Segment(10, 100, 9 * Day), Segment(20, 50, 30)];
        RetentionDecision decision = RetentionDecision.Of(segments, new RetentionLimits(100, -1), Offset.Zero, new Offset(30), Day);
        Assert.Equal((10L, segments[1]), (decision.Start.Value, decision.Pinned));
        Assert.Null(RetentionDecision.Of(segments, new RetentionLimits(-1, 1000), Offset.Zero, new Offset(30), Day).Pinned);
        Assert.Null(Decide(100, -1, nowMs: 30).Pinned);
    }

    /// <summary>
    /// What retention takes has told what the log knows of its producers. Without it a batch that comes again would be taken again.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_log_knows_of_its_producers_outlives_their_records_and_a_power_cut(bool hasTimeToFlush)
    {
        ProducerStamp producer = new(new ProducerId(7), new ProducerEpoch(0), 0);
        for (int seed = 0; seed < 200; seed++)
        {
            var node = new Node();
            PartitionLog log = node.Run().Create();
            node.OnFlushed = _ => log.OnFlushed();
            for (int i = 0; i < 20; i++)
            {
                log.AppendAsLeader(With(producer with { BaseSequence = i }, $"value {i}"), new LeaderEpoch(0), AppendSettings.Default, Now);
            }

            node.Flush();
            log.SetHighWatermark(log.EndOffset);
            log.Retain(new RetentionLimits(100, -1), Now + Day);
            if (hasTimeToFlush)
            {
                node.Flush();
                Assert.Single(node.Disk.ListFiles(log.Path), IsSegment);
            }

            PartitionLog after = node.LosePower(new Random(seed).Next).Open();
            Assert.Equal(20, after.EndOffset.Value);
            Assert.Equal(19, after.Producers.Find(producer.Id)?.Last?.LastSequence);
        }
    }

    [Fact]
    public void A_log_of_which_all_is_too_old_goes_on_empty_at_its_end_and_survives_a_restart_so()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        Fill(log, 40);
        node.Flush();
        Assert.Equal(0, log.Retain(new RetentionLimits(100, -1), Now + Day).Segments);
        log.SetHighWatermark(log.EndOffset);
        Assert.True(log.Retain(new RetentionLimits(100, -1), Now + Day).Segments > 2);
        Assert.Equal((new Offset(40), new Offset(40), 0L), (log.StartOffset, log.EndOffset, log.SizeBytes));
        node.Flush();

        PartitionLog again = node.Restart().Open();
        Assert.Equal((new Offset(40), new Offset(40)), (again.StartOffset, again.EndOffset));
        again.AppendAsLeader(Of("next"), new LeaderEpoch(0), AppendSettings.Default, Now);
        Assert.Equal([(40, 0, "next")], Records(again));
    }

    [Fact]
    public void Files_stay_as_deleted_for_their_delay_and_a_reader_keeps_what_it_reads()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        Fill(log, 40);
        node.Flush();
        log.SetHighWatermark(log.EndOffset);
        using LogSlice slice = log.Read(Offset.Zero, 400, log.EndOffset, true).Slice;
        int before = node.Disk.ListFiles(log.Path).Count(IsSegment);
        int files = node.Disk.ListFiles(log.Path).Count(name => IsSegment(name) || name.EndsWith("index", StringComparison.Ordinal));
        int gone = log.Retain(new RetentionLimits(-1, 0), Now).Segments;
        Assert.Equal(before, gone);
        Assert.Equal(files, node.Disk.ListFiles(log.Path).Count(IsDeleted));

        node.Time.Advance(TimeSpan.FromSeconds(55));
        node.Pump.Drain();
        Assert.Equal(files, node.Disk.ListFiles(log.Path).Count(IsDeleted));
        node.Time.Advance(TimeSpan.FromSeconds(5));
        node.Pump.Drain();
        Assert.DoesNotContain(node.Disk.ListFiles(log.Path), IsDeleted);
        Assert.True(slice.Read(new byte[slice.Length]) > 0);
        Assert.Equal(ErrorCode.OffsetOutOfRange, log.Read(Offset.Zero, 400, log.EndOffset, true).Error);
    }

    [Fact]
    public void A_stop_within_the_delay_leaves_nothing_behind()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        Fill(log, 40);
        node.Flush();
        log.SetHighWatermark(log.EndOffset);
        log.Retain(new RetentionLimits(-1, log.SizeBytes / 2), Now);
        node.Flush();
        List<string> values = Values(log);
        Offset start = log.StartOffset;
        PartitionLog again = node.Restart().Open();
        Assert.Equal(start, again.StartOffset);
        Assert.Equal(values, Values(again));
        Assert.DoesNotContain(node.Disk.ListFiles(again.Path), IsDeleted);
    }

    [Fact]
    public void A_record_waits_for_a_flush_no_longer_than_flush_ms()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create(Node.Small with { FlushIntervalMessages = long.MaxValue, FlushIntervalMs = 100 });
        node.Flush();
        foreach (int expected in (int[])[1, 3])
        {
            Fill(log, expected == 1 ? 1 : 2);
            node.Pump.Drain();
            node.Time.Advance(TimeSpan.FromMilliseconds(99));
            node.Pump.Drain();
            Assert.True(log.FlushedTo < log.EndOffset);
            node.Time.Advance(TimeSpan.FromMilliseconds(1));
            node.Pump.Drain();
            Assert.Equal(new Offset(expected), log.FlushedTo);
        }
    }

    [Fact]
    public void Jitter_ends_segments_earlier_and_each_at_its_own_time()
    {
        PartitionLog log = new Node().Run().Create(new LogSettings { SegmentMs = 1000, SegmentJitterMs = 900 });
        for (int i = 0; i < 2000; i++)
        {
            log.AppendAsLeader(
                With(ProducerStamp.None, CompressionType.None, false, Now + (i * 10), "v"),
                new LeaderEpoch(0),
                AppendSettings.Default,
                Now
            );
        }

        long[] lengths = [.. log.Segments.Zip(log.Segments.Skip(1), (one, next) => next.BaseOffset - one.BaseOffset)];
        Assert.All(lengths, length => Assert.InRange(length, 10, 101));
        Assert.True(lengths.Distinct().Count() > 5);
    }

    [Theory]
    [InlineData(0, 1000, false)]
    [InlineData(0, 1001, true)]
    [InlineData(-1, 1001, false)]
    [InlineData(0, -1, false)]
    public void A_segment_ends_by_the_times_of_its_records_as_far_as_they_have_any(long first, long second, bool ends)
    {
        PartitionLog log = new Node().Run().Create(new LogSettings { SegmentMs = 1000 });
        foreach (long time in (long[])[first, second])
        {
            log.AppendAsLeader(
                With(ProducerStamp.None, CompressionType.None, false, time, "v"),
                new LeaderEpoch(0),
                AppendSettings.Default,
                Now
            );
        }

        Assert.Equal(ends ? 2 : 1, log.Segments.Count());
    }

    private static void Fill(PartitionLog log, int records)
    {
        for (int i = 0; i < records; i++)
        {
            log.AppendAsLeader(Of($"value {i}"), new LeaderEpoch(0), AppendSettings.Default, Now);
        }
    }

    private static bool IsSegment(string name) => name.EndsWith(".log", StringComparison.Ordinal);

    private static bool IsDeleted(string name) => name.EndsWith(".deleted", StringComparison.Ordinal);

    private static SegmentExtent Segment(long baseOffset, long bytes, long newest) =>
        new(new Offset(baseOffset), new Offset(baseOffset + 10), bytes, newest);

    private static (int Start, int Segments, long Bytes) Deleted(RetentionDecision decision) =>
        ((int)decision.Start.Value, decision.Segments, decision.Bytes);

    [Fact]
    public void A_file_that_cannot_be_deleted_now_holds_up_no_other_and_is_tried_again()
    {
        var disk = new InMemoryDisk();
        disk.CreateDirectory("/log");
        var deletions = new DelayedDeletions(disk);
        foreach (string name in (string[])["a", "b", "c"])
        {
            disk.OpenOrCreate($"/log/{name}").Dispose();
            deletions.Add($"/log/{name}", dueMs: name == "c" ? 20 : 5);
        }

        disk.Fault = static (asked, path) => asked == "delete" && path == "/log/a" ? DiskErrorKind.NotPermitted : null;
        Assert.Equal(DiskErrorKind.NotPermitted, deletions.Run(10)?.Kind);
        Assert.Equal(["a", "c"], disk.ListFiles("/log"));
        disk.Fault = null;
        Assert.Null(deletions.Run(15));
        Assert.Equal(["c"], disk.ListFiles("/log"));
    }

    private static RetentionDecision Decide(long milliseconds, long bytes, long nowMs, long highWatermark = 30) =>
        RetentionDecision.Of(Three, new RetentionLimits(milliseconds, bytes), Offset.Zero, new Offset(highWatermark), nowMs);
}
