using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using static RaftLog.Storage.Tests.CleanedLog;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>What compaction keeps, batch by batch, and what it may never lose.</summary>
public class CleaningTests
{
    private const long Day = 86_400_000;

    private static readonly ProducerStamp Writer = new(new ProducerId(70), new ProducerEpoch(0), 0);

    [Fact]
    public void Of_each_key_the_last_record_stays_in_its_place()
    {
        CleanedLog life = new();
        life.Put("a", "1").Put("b", "2").Put("a", "3").Put("c", "4").Put("b", "5").Roll();
        CleaningResult result = life.Clean()!.Value;
        Assert.Equal([(2, "a", "3"), (3, "c", "4"), (4, "b", "5")], life.Records());
        Assert.Equal((5L, 3L, new Offset(5)), (result.RecordsRead, result.RecordsKept, result.CleanedTo));
        Assert.Equal((Offset.Zero, new Offset(5)), (life.Log.StartOffset, life.Log.EndOffset));
        Assert.Null(life.Clean());
    }

    [Fact]
    public void What_is_appended_to_and_what_is_not_stable_is_left_alone()
    {
        CleanedLog life = new();
        life.Put("a", "1").Put("a", "2");
        Assert.Null(life.Clean());
        life.Roll();
        life.HighWatermark = new Offset(1);
        Assert.Null(life.Clean());
        life.HighWatermark = life.Log.EndOffset;
        Assert.NotNull(life.Clean());

        CleanedLog open = new();
        open.Put("a", "1").Roll().Transactional(Writer, "a", "2").Roll().Put("a", "3").Roll();
        Assert.Equal(new Offset(1), open.Clean()!.Value.CleanedTo);
        Assert.Equal([(0, "a", "1"), (1, "a", "2"), (2, "a", "3")], open.Records());
    }

    [Fact]
    public void Records_within_the_lag_stay_and_records_beyond_the_longest_make_a_round_due()
    {
        CleanedLog life = new();
        life.Put("a", "1", Now - 1000).Roll().Put("a", "2", Now - 10).Roll();
        Assert.Null(life.Clean(Always with { MinLagMs = 2000 }));
        Assert.Equal(new Offset(1), life.Clean(Always with { MinLagMs = 500 })!.Value.CleanedTo);
        Assert.Null(life.Clean(CleaningSettings.Default with { MinDirtyRatio = 0.9, MaxLagMs = 100 }));
        Assert.NotNull(life.Clean(CleaningSettings.Default with { MinDirtyRatio = 0.9, MaxLagMs = 9 }));
    }

    [Fact]
    public void A_tombstone_stays_until_its_horizon_and_keeps_its_key_deleted_meanwhile()
    {
        CleanedLog life = new();
        life.Put("a", "1").Put("a", null).Put("b", "2").Roll();
        life.Clean();
        Assert.Equal([(1, "a", null), (2, "b", "2")], life.Records());
        RecordBatch.Read(life.Bytes(), out RecordBatch first);
        Assert.Equal((true, Now + Day), (first.Attributes.HasDeleteHorizon, first.BaseTimestamp));

        life.Put("c", "3").Roll();
        life.Clean(nowMs: Now + Day - 1);
        Assert.Contains((1, "a", null), life.Records());
        life.Put("c", "4").Roll();
        life.Clean(nowMs: Now + Day);
        Assert.Equal([(2, "b", "2"), (4, "c", "4")], life.Records());
    }

    [Fact]
    public void Records_of_an_aborted_transaction_go_and_those_of_a_committed_one_count()
    {
        CleanedLog life = new();
        life.Put("a", "1").Put("b", "2");
        life.Transactional(Writer, "a", "aborted").End(Writer, ControlRecordType.Abort);
        life.Transactional(Writer with { BaseSequence = 1 }, "b", "committed").End(Writer, ControlRecordType.Commit).Put("z", "9").Roll();
        life.Put("y", "8").Roll();
        life.Clean();
        Assert.Equal([(0, "a", "1"), (4, "b", "committed"), (6, "z", "9"), (7, "y", "8")], life.Records());
        Assert.Equal(new Offset(8), life.Log.LastStableOffset);

        // The aborted data was seen in this round, so its marker and its entry stay; in the next one nothing of it is left.
        Assert.Single(life.Log.AbortedTransactions(Offset.Zero, new Offset(8)));
        Assert.Contains(3L, life.ControlOffsets());
        life.Put("x", "7").Roll();
        life.Clean(nowMs: Now + 1);
        Assert.Empty(life.Log.AbortedTransactions(Offset.Zero, new Offset(8)));
        life.Put("x", "6").Roll();
        life.Clean(nowMs: Now + (2 * Day));
        Assert.DoesNotContain(3L, life.ControlOffsets());
        Assert.Contains((4, "b", "committed"), life.Records());
    }

    [Fact]
    public void A_cleaned_segment_with_aborted_transactions_has_the_file_without_which_Kafka_makes_their_index_anew()
    {
        CleanedLog life = new();
        life.Transactional(Writer, "a", "aborted").End(Writer, ControlRecordType.Abort).Put("z", "9").Roll();
        life.Put("y", "8").Roll();
        life.Clean();
        Assert.Single(life.Log.AbortedTransactions(Offset.Zero, new Offset(4)));
        Assert.Contains("00000000000000000000.index", life.Files());
    }

    /// <summary>A later version may write control records of which this one knows nothing.</summary>
    [Fact]
    public void A_control_record_that_ends_no_transaction_stays()
    {
        CleanedLog life = new();
        using RecordBatchBuilder builder = new(new RecordBatchOptions(1 << 10));
        Assert.True(builder.TryAppendControl(Now, (ControlRecordType)100, "of a later version"u8));
        life.Put("a", "1");
        life.Log.AppendBuilt(builder.Seal(), new LeaderEpoch(0), Now);
        life.Put("a", "2").Put("z", "9").Roll();
        life.Clean();
        life.Put("x", "7").Roll();
        life.Clean(nowMs: Now + (2 * Day));
        Assert.Equal([1L], life.ControlOffsets());
        Assert.Equal([(2, "a", "2"), (3, "z", "9"), (4, "x", "7")], life.Records());
    }

    [Fact]
    public void The_last_batch_of_a_producer_stays_empty_so_that_its_sequence_is_known_after_a_restart()
    {
        CleanedLog life = new();
        var stamp = new ProducerStamp(new ProducerId(7), new ProducerEpoch(2), 0);
        life.Produce(stamp, "a", "1")
            .Produce(stamp with { BaseSequence = 1 }, "a", "2")
            .Put("a", "3")
            .Put("b", "4")
            .Roll()
            .Put("b", "5")
            .Roll();
        life.Clean();
        Assert.Equal([(2, "a", "3"), (4, "b", "5")], life.Records());
        life.RemoveSnapshots();
        PartitionLog log = life.Restart();
        AppendResult again = log.AppendAsLeader(
            Keyed(stamp with { BaseSequence = 1 }, CompressionType.None, false, Now, ("a", "2")),
            new LeaderEpoch(0),
            AppendSettings.Default,
            Now
        );
        Assert.Equal((true, new Offset(1)), (again.IsDuplicate, again.BaseOffset));
    }

    [Fact]
    public void A_reader_crosses_a_hole_before_a_segment_that_has_lost_all_its_batches()
    {
        CleanedLog life = new();
        string large = new('x', 300);
        life.Log.Settings = new LogSettings { SegmentBytes = 400 };
        life.Put("a", "1").Put("b", "2").Roll().Put("b", large).Roll().Put("b", large).Put("c", "3").Roll().Put("b", "4").Roll();
        life.Clean();
        Assert.Equal([(0, "a", "1"), (4, "c", "3"), (5, "b", "4")], life.Records());
        Assert.Contains(life.Log.Segments, segment => segment.Size == 0 && segment.BaseOffset == new Offset(2));
        for (long from = 1; from <= 4; from++)
        {
            ReadResult read = life.Log.Read(new Offset(from), 1 << 20, life.Log.EndOffset, atLeastOneBatch: true);
            using LogSlice slice = read.Slice;
            byte[] bytes = new byte[slice.Length];
            Assert.Equal((ErrorCode.None, "3"), (read.Error, Values(bytes.AsSpan(0, slice.Read(bytes)))[0]));
        }
    }

    [Fact]
    public void The_log_end_does_not_go_back_when_the_last_batch_of_a_round_is_cleaned_away()
    {
        CleanedLog life = new();
        life.Put("a", "1").Put("b", "2").Transactional(Writer, "c", "x").End(Writer, ControlRecordType.Abort).Roll();
        Offset end = life.Log.EndOffset;
        life.Clean();
        life.Put("d", "4").Roll();
        life.Clean(nowMs: Now + (2 * Day));
        Assert.Equal(end + 1, life.Restart().EndOffset);
        Assert.Equal([(0, "a", "1"), (1, "b", "2"), (4, "d", "4")], life.Records());
    }

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void A_compressed_batch_keeps_its_codec_and_what_is_left(CompressionType codec)
    {
        CleanedLog life = new();
        life.Append(Keyed(ProducerStamp.None, codec, false, Now, ("a", "1"), ("b", "2"), ("a", "3"), ("c", null))).Roll();
        life.Clean();
        Assert.Equal([(1, "b", "2"), (2, "a", "3"), (3, "c", null)], life.Records());
        RecordBatch.Read(life.Bytes(), out RecordBatch batch);
        Assert.Equal((codec, 3, 3, Now + 3), (batch.Attributes.Compression, batch.RecordCount, batch.LastOffsetDelta, batch.MaxTimestamp));
    }

    [Fact]
    public void Small_segments_become_one_and_the_old_files_go()
    {
        CleanedLog life = new();
        for (int i = 0; i < 40; i++)
        {
            life.Put($"{i % 3}", $"{i}").Roll();
        }

        life.Clean();
        Assert.Equal(2, life.Log.Segments.Length);
        Assert.Equal([(37, "1", "37"), (38, "2", "38"), (39, "0", "39")], life.Records());
        Assert.DoesNotContain(
            life.Files(),
            name => name.EndsWith(".swap", StringComparison.Ordinal) || name.EndsWith(".cleaned", StringComparison.Ordinal)
        );
        Assert.Equal(new Offset(40), life.Log.CleanedTo);
        life.Node.WriteCheckpoints();
        PartitionLog again = life.Restart();
        Assert.Equal(new Offset(40), again.CleanedTo);
    }

    [Fact]
    public void A_small_map_cleans_in_several_rounds()
    {
        CleanedLog life = new();
        for (int i = 0; i < 60; i++)
        {
            life.Put($"key {i % 30}", $"{i}");
        }

        life.Roll();
        CleanerOptions small = CleanerOptions.Default with { BufferBytes = 24 * 20 };
        int rounds = 0;
        while (life.Clean(options: small) is not null)
        {
            rounds++;
        }

        Assert.InRange(rounds, 2, 10);
        Assert.Equal(
            Enumerable.Range(30, 30).Select(i => ($"key {i % 30}", $"{i}")),
            life.Records().Select(record => (record.Key, record.Value!))
        );
    }

    [Fact]
    public void A_damaged_batch_stops_the_round_and_nothing_changes()
    {
        CleanedLog life = new();
        life.Put("a", "1").Put("a", "2").Roll();
        life.Node.Disk.Corrupt(
            $"{life.Log.Path}/{0:D20}.log",
            bytes =>
            {
                bytes[^1] ^= 1;
                return bytes;
            }
        );
        byte[] before = life.Node.Disk.BytesOf($"{life.Log.Path}/{0:D20}.log");
        Assert.Contains("damaged", Assert.Throws<UncleanableException>(() => life.Clean()).Message, StringComparison.Ordinal);
        Assert.Equal(before, life.Node.Disk.BytesOf($"{life.Log.Path}/{0:D20}.log"));
        Assert.DoesNotContain(life.Files(), name => name.EndsWith(".cleaned", StringComparison.Ordinal));
    }

    [Fact]
    public void A_throttle_makes_a_round_take_its_time()
    {
        CleanedLog life = new();
        for (int i = 0; i < 20; i++)
        {
            life.Put("a", new string('x', 1000));
        }

        life.Roll();
        Task<CleaningResult?> round = life.Start(options: CleanerOptions.Default with { BytesPerSecond = 1000 });
        life.Node.Pump.Drain();
        Assert.False(round.IsCompleted);
        life.Node.Time.Advance(TimeSpan.FromSeconds(15));
        life.Node.Pump.Drain();
        Assert.False(round.IsCompleted);
        life.Node.Time.Advance(TimeSpan.FromSeconds(10));
        life.Node.Pump.Drain();
        Assert.False(round.IsCompleted);
        life.Node.Time.Advance(TimeSpan.FromSeconds(30));
        life.Node.Pump.Drain();
        Assert.True(round.IsCompletedSuccessfully);
    }

    /// <summary>
    /// An unclean election takes records for whose sake a round is about to drop others; and the file may be shorter than it was when the
    /// round goes on reading.
    /// </summary>
    /// <param name="others">Records that are truncated, too, of 1,000 bytes: as many as are not read at once, or none, where the log is as
    /// long as it was when the round goes on.</param>
    [Theory]
    [InlineData(0)]
    [InlineData(600)]
    public async Task A_round_is_given_up_when_the_log_is_truncated(int others)
    {
        CleanedLog life = new();
        life.Put("a", "1").Put("b", "2").Put("a", "3");
        for (int i = 0; i < others; i++)
        {
            life.Put($"{i}", new string('x', 1_000));
        }

        life.Roll();
        Task<CleaningResult?> round = life.Start(options: CleanerOptions.Default with { BytesPerSecond = 100 });
        Assert.False(round.IsCompleted);
        Offset left = new(2);
        life.Node.Pump.Finish(() => life.Node.Directory.PrepareTruncationAsync(life.Log, left));
        life.Log.TruncateTo(left);
        life.Put("c", "4");
        while (!round.IsCompleted)
        {
            life.Node.Time.Advance(TimeSpan.FromSeconds(10));
            life.Node.Pump.Drain();
        }

        Assert.Null(await round);
        Assert.Equal(Offset.Zero, life.Log.CleanedTo);
        Assert.Equal([(0, "a", "1"), (1, "b", "2"), (2, "c", "4")], life.Records());
    }

    [Fact]
    public void A_reader_of_a_replaced_segment_reads_on_and_the_next_read_crosses_the_holes()
    {
        CleanedLog life = new();
        life.Put("a", "1").Put("a", "2").Put("b", "3").Roll().Put("b", "4").Roll();
        using LogSlice old = life.Log.Read(Offset.Zero, 1 << 20, life.Log.EndOffset, true).Slice;
        life.Clean();
        byte[] bytes = new byte[old.Length];
        Assert.Equal(old.Length, old.Read(bytes));
        RecordBatch.Read(bytes, out RecordBatch first);
        Assert.Equal(Offset.Zero, first.BaseOffset);
        using LogSlice now = life.Log.Read(Offset.Zero, 1 << 20, life.Log.EndOffset, true).Slice;
        Assert.Equal(new Offset(1), now.FirstOffset);
    }

    [Fact]
    public void What_a_round_replaces_gives_up_its_pages_for_what_takes_its_place()
    {
        FailingDisk disk = null!;
        CleanedLog life = new(inner => disk = new FailingDisk(inner));
        life.Put("a", "1").Put("b", "2").Roll().Put("a", "3").Roll().Put("a", "4");
        string[] cleaned = [.. life.Log.Segments[..2].Select(static segment => segment.Log.Path)];
        disk.Dropped.Clear();
        life.Clean();
        Assert.Equal(cleaned, disk.Dropped);
    }

    /// <summary>
    /// Records without a codec outgrow the segment that held them compressed: here the topic's segments have become smaller meanwhile.
    /// </summary>
    [Fact]
    public void What_stays_is_split_where_it_outgrows_a_segment_and_a_crash_finds_the_old_or_the_new()
    {
        CrashPoints.LiveAll(Split, leastOperations: 10, subsets: 1);
    }

    private static int Split(int failAt, Action<CrashDisk> losePower)
    {
        FailingDisk disk = null!;
        CleanedLog life = new(inner => disk = new FailingDisk(inner));
        for (int i = 0; i < 12; i++)
        {
            life.Put($"k{i % 7}", $"value {i} {new string('x', 60)}", Now + i);
            life.Transactional(Writer with { BaseSequence = i }, $"t{i}", "in a transaction")
                .End(Writer, i % 2 == 0 ? ControlRecordType.Abort : ControlRecordType.Commit);
        }

        life.Roll().Put("end", "1");
        List<(long, string, string?)> committed = life.Records();
        int before = disk.Operations;
        disk.StopAt(failAt);
        life.Log.Settings = new LogSettings { SegmentBytes = 700, IndexIntervalBytes = 100 };
        life.TryClean();
        int operations = disk.Operations - before;
        if (failAt == CrashPoints.Never)
        {
            Assert.True(life.Log.Segments.Length > 3);
            Assert.All(life.Log.Segments, segment => Assert.True(segment.Size <= 700));
            Assert.All(
                life.Log.Segments,
                segment =>
                    Assert.All(
                        segment.Transactions.Entries.ToArray(),
                        entry => Assert.True(entry.LastOffset >= segment.BaseOffset && entry.LastOffset < segment.NextOffset)
                    )
            );
        }

        Offset end = life.Log.EndOffset;
        life.LosePower(losePower);
        Assert.Equal(end, life.Log.EndOffset);
        List<(long Offset, string Key, string? Value)> found = life.Records();
        Assert.Equal(found.OrderBy(record => record.Offset), found);
        Assert.Subset(committed.ToHashSet(), found.ToHashSet<(long, string, string?)>());
        for (int i = 5; i < 12; i++)
        {
            Assert.Contains(
                found,
                record => record.Key == $"k{i % 7}" && record.Value!.StartsWith($"value {i} ", StringComparison.Ordinal)
            );
        }

        Assert.All(Enumerable.Range(0, 6), i => Assert.Contains(found, record => record.Key == $"t{(2 * i) + 1}"));
        return operations;
    }

    /// <summary>
    /// Any history and any rounds: what stays is a part of what was written, in order, with the last committed record of each key.
    /// </summary>
    [Property(200)]
    public Property The_last_committed_value_of_each_key_is_never_lost_and_order_never_changes() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<byte[]>(),
            steps =>
            {
                CleanedLog life = new();
                Model model = new();
                foreach (byte step in steps)
                {
                    model.Take(life, step);
                }

                life.Roll();
                life.Clean();
                model.Check(life);
                life.Node.WriteCheckpoints();
                life.Restart();
                model.Check(life);
            }
        );

    /// <summary>
    /// The disk stops at every single operation of a life with rounds of cleaning, retention and rolls, and the power goes with none, all
    /// or some of what was not flushed. What a start then finds is right.
    /// </summary>
    [Fact]
    [Trait("Category", "Slow")]
    public void A_crash_at_any_operation_of_a_scripted_life_loses_no_last_value()
    {
        CrashPoints.LiveAll(Live, leastOperations: 100, subsets: 3);
    }

    private static int Live(int failAt, Action<CrashDisk> losePower)
    {
        FailingDisk disk = null!;
        CleanedLog life = new(inner => disk = new FailingDisk(inner));
        Model model = new();
        int begun = disk.Operations;
        disk.StopAt(failAt);
        byte[] script =
        [
            0,
            1,
            2,
            3,
            17,
            5,
            200,
            0,
            33,
            2,
            90,
            0,
            250,
            1,
            64,
            2,
            200,
            240,
            7,
            8,
            9,
            210,
            99,
            98,
            250,
            97,
            200,
            1,
            2,
            250,
            240,
            3,
            4,
            200,
            255,
            1,
            250,
            255,
            200,
            6,
            250,
            240,
            255,
        ];
        foreach (byte step in script)
        {
            if (life.Node.Directory.Health.IsOffline)
            {
                break;
            }

            model.Take(life, step);
        }

        Offset flushed = life.Log.FlushedTo;
        Offset start = life.Log.StartOffset;
        int operations = disk.Operations - begun;
        Assert.True(failAt != CrashPoints.Never || start > Offset.Zero, "retention takes something");
        life.LosePower(losePower);
        Assert.True(life.Log.EndOffset >= flushed, $"operation {failAt}: flushed to {flushed}, and the log ends at {life.Log.EndOffset}");
        Assert.True(life.Log.StartOffset <= start, $"operation {failAt}: the log began at {start}, and begins at {life.Log.StartOffset}");
        model.Check(life);
        return operations;
    }

    /// <summary>What was written, and what must be left of it.</summary>
    private sealed class Model
    {
        private readonly List<(long Offset, string Key, string? Value)> _committed = [];
        private readonly List<(long Offset, string Key, string? Value)> _open = [];
        private readonly List<(long Offset, string Key, string? Value)> _aborted = [];
        private int _sequence;
        private int _count;

        public void Take(CleanedLog life, byte step)
        {
            string key = $"k{step % 5}";
            string? value = step % 7 == 0 ? null : $"v{_count++}";
            long offset = life.Log.EndOffset.Value;
            switch (step)
            {
                case < 80:
                    life.Put(key, value);
                    _committed.Add((offset, key, value));
                    break;
                case < 120:
                    ProducerStamp stamp = Writer with { BaseSequence = _sequence++ };
                    life.Transactional(stamp, key, value ?? "never null");
                    _open.Add((offset, key, value ?? "never null"));
                    break;
                case < 150:
                    life.End(Writer, step % 2 == 0 ? ControlRecordType.Commit : ControlRecordType.Abort);
                    (step % 2 == 0 ? _committed : _aborted).AddRange(_open);
                    _open.Clear();
                    break;
                case < 230:
                    life.Roll();
                    break;
                case < 245:
                    life.Node.WriteCheckpoints();
                    break;
                case < 255:
                    life.TryClean();
                    break;
                default:
                    life.Log.Retain(new RetentionLimits(-1, 500), Now);
                    life.Node.Flush();
                    break;
            }
        }

        public void Check(CleanedLog life)
        {
            List<(long Offset, string Key, string? Value)> found = life.Records();
            Offset end = life.Log.EndOffset;
            Assert.Equal(found.OrderBy(record => record.Offset), found);

            // Records of aborted transactions may still be there: readers leave them out.
            HashSet<(long, string, string?)> written = [.. _committed, .. _open, .. _aborted];
            Assert.All(found, record => Assert.Contains(record, written));
            foreach (
                IGrouping<string, (long Offset, string Key, string? Value)> key in _committed
                    .Where(record => record.Offset < end.Value)
                    .GroupBy(record => record.Key)
            )
            {
                (long Offset, string, string?) last = key.MaxBy(record => record.Offset);
                if (last.Offset >= life.Log.StartOffset.Value)
                {
                    Assert.Contains(last, found);
                }
            }
        }
    }
}
