using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

public class AppendAndReadTests
{
    private static readonly LeaderEpoch First = new(0);

    [Fact]
    public void Appended_records_get_offsets_in_order_and_are_read_back()
    {
        PartitionLog log = new Node().Run().Create();

        AppendResult one = log.AppendAsLeader(Of("a", "b"), First, AppendSettings.Default, Now);
        AppendResult two = log.AppendAsLeader(Of("c"), First, AppendSettings.Default, Now);

        Assert.Equal((ErrorCode.None, new Offset(0), new Offset(1)), (one.Error, one.BaseOffset, one.LastOffset));
        Assert.Equal((ErrorCode.None, new Offset(2), new Offset(2)), (two.Error, two.BaseOffset, two.LastOffset));
        Assert.Equal(new Offset(3), log.EndOffset);
        Assert.Equal([(0, 0, "a"), (1, 0, "b"), (2, 0, "c")], Records(log));
    }

    [Fact]
    public void Records_roll_across_segments_named_by_their_first_offset_and_are_read_as_one_log()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        List<string> expected = [];
        for (int i = 0; i < 100; i++)
        {
            expected.Add($"value {i}");
            Assert.True(log.AppendAsLeader(Of($"value {i}"), First, AppendSettings.Default, Now).IsAccepted);
        }

        Assert.Equal(expected, Values(log));
        IReadOnlyList<string> files = node.Disk.ListFiles(log.Path);
        Assert.True(files.Count(name => name.EndsWith(".log", StringComparison.Ordinal)) > 5);
        Assert.Contains("00000000000000000000.log", files);
        Assert.Equal(
            log.SizeBytes,
            files.Where(name => name.EndsWith(".log", StringComparison.Ordinal)).Sum(name => node.Disk.BytesOf($"{log.Path}/{name}").Length)
        );
    }

    /// <summary>
    /// The offset index has room for 12 entries, one for each batch after the first; the time index for 7, of which one is kept free for
    /// the end, and only for times that grow.
    /// </summary>
    [Theory]
    [InlineData(0, 13)]
    [InlineData(1, 8)]
    public void A_segment_ends_when_one_of_its_indexes_is_full(int stepMs, int batches)
    {
        PartitionLog log = new Node().Run().Create(new LogSettings { IndexIntervalBytes = 1, SegmentIndexBytes = 96 });
        for (int i = 0; i < 3 * batches; i++)
        {
            Memory<byte> batch = With(ProducerStamp.None, CompressionType.None, false, Now + (i * stepMs), $"{i}");
            Assert.True(log.AppendAsLeader(batch, new LeaderEpoch(0), AppendSettings.Default, Now).IsAccepted);
        }

        Assert.Equal([0, batches, 2 * batches], log.Segments.Select(static segment => segment.BaseOffset.Value));
        Assert.Equal(3 * batches, Values(log).Count);
    }

    /// <summary>As a compacted log has them: offsets leap, and an index holds 31 bits of their distance from the segment's base.</summary>
    [Fact]
    public void A_segment_ends_before_an_offset_that_is_too_far_from_its_base()
    {
        PartitionLog log = new Node().Run().Create(LogSettings.Default);
        foreach (long offset in (long[])[0, 2_000_000_000, 2_200_000_000])
        {
            Assert.True(log.AppendAsFollower(At(offset, 0, Of($"{offset}")), new LeaderEpoch(0), Now).IsAccepted);
        }

        Assert.Equal([0, 2_000_000_001], log.Segments.Select(static segment => segment.BaseOffset.Value));
        Assert.Equal([0, 2_000_000_000, 2_200_000_000], Records(log).Select(static record => record.Offset));
    }

    [Fact]
    public void A_read_below_the_start_or_above_the_end_is_out_of_range_and_at_the_end_is_empty()
    {
        PartitionLog log = new Node().Run().Create();
        log.AppendAsLeader(Of("a", "b", "c"), First, AppendSettings.Default, Now);
        log.AdvanceStart(new Offset(1));

        Assert.Equal(ErrorCode.OffsetOutOfRange, log.Read(new Offset(0), 1000, log.EndOffset, true).Error);
        Assert.Equal(ErrorCode.OffsetOutOfRange, log.Read(new Offset(4), 1000, log.EndOffset, true).Error);
        ReadResult atEnd = log.Read(new Offset(3), 1000, log.EndOffset, true);
        Assert.Equal((ErrorCode.None, true), (atEnd.Error, atEnd.Slice.IsEmpty));
    }

    [Fact]
    public void A_segment_that_is_gone_is_not_read_by_whoever_has_just_seen_it()
    {
        PartitionLog log = new Node().Run().Create();
        for (int i = 0; i < 40; i++)
        {
            log.AppendAsLeader(Of($"value {i}"), First, AppendSettings.Default, Now);
        }

        log.SetHighWatermark(log.EndOffset);
        LogSegment seen = log.Segments[0];
        Assert.True(seen.TryAcquire());
        seen.Release();

        log.AdvanceStart(new Offset(39));

        Assert.False(seen.TryAcquire());
    }

    [Fact]
    public void A_batch_that_the_disk_has_hidden_behind_a_corrupt_length_is_not_read_over()
    {
        const int lengthField = 8;
        var node = new Node();
        PartitionLog log = node.Run().Create();
        for (int i = 10; i < 40; i++)
        {
            log.AppendAsLeader(Of($"value {i}"), First, AppendSettings.Default, Now);
        }

        int size = Of("value 10").Length;
        int inFirst = node.Disk.BytesOf($"{log.Path}/00000000000000000000.log").Length / size;
        node.Disk.Corrupt(
            $"{log.Path}/00000000000000000000.log",
            bytes =>
            {
                bytes[((inFirst - 1) * size) + lengthField] ^= 0x40;
                return bytes;
            }
        );

        Assert.Equal(ErrorCode.CorruptMessage, log.Read(new Offset(inFirst - 1), 1000, log.EndOffset, true).Error);
        using LogSlice after = log.Read(new Offset(inFirst), 1000, log.EndOffset, true).Slice;
        Assert.Equal(new Offset(inFirst), after.FirstOffset);
    }

    [Fact]
    public void A_read_ends_before_the_batch_that_reaches_the_limit()
    {
        PartitionLog log = new Node().Run().Create(LogSettings.Default);
        for (int i = 0; i < 5; i++)
        {
            log.AppendAsLeader(Of($"{i}a", $"{i}b"), First, AppendSettings.Default, Now);
        }

        Assert.Equal(["0a", "0b", "1a", "1b"], Values(log, new Offset(4)));
        Assert.Equal(["0a", "0b", "1a", "1b"], Values(log, new Offset(5)));
        Assert.Equal(["0a", "0b", "1a", "1b", "2a", "2b"], Values(log, new Offset(6)));
    }

    [Fact]
    public void A_small_byte_limit_gives_whole_batches_and_at_least_one_only_when_asked()
    {
        PartitionLog log = new Node().Run().Create(LogSettings.Default);
        int size = Of("x").Length;
        for (int i = 0; i < 4; i++)
        {
            log.AppendAsLeader(Of("x"), First, AppendSettings.Default, Now);
        }

        Assert.True(log.Read(Offset.Zero, size - 1, log.EndOffset, false).Slice.IsEmpty);
        Assert.Equal(size, BytesRead(log, size - 1, atLeastOne: true));
        Assert.Equal(2 * size, BytesRead(log, (3 * size) - 1, atLeastOne: false));
        Assert.Equal(4 * size, BytesRead(log, 100 * size, atLeastOne: false));
    }

    [Fact]
    public void A_slice_can_be_read_after_its_segment_was_deleted()
    {
        PartitionLog log = new Node().Run().Create();
        for (int i = 0; i < 50; i++)
        {
            log.AppendAsLeader(Of($"value {i}"), First, AppendSettings.Default, Now);
        }

        using LogSlice slice = log.Read(Offset.Zero, 1000, log.EndOffset, true).Slice;
        log.AdvanceStart(new Offset(40));
        byte[] bytes = new byte[slice.Length];
        Assert.True(slice.Read(bytes) > 0);
        RecordBatch.Read(bytes, out RecordBatch batch);
        Assert.Equal(Offset.Zero, batch.BaseOffset);
    }

    [Fact]
    public void A_read_goes_on_into_later_segments_while_there_is_room()
    {
        PartitionLog log = new Node().Run().Create();
        for (int i = 0; i < 50; i++)
        {
            log.AppendAsLeader(Of($"value {i:00}"), First, AppendSettings.Default, Now);
        }

        int size = Of("value 00").Length;
        using LogSlice all = log.Read(Offset.Zero, 1 << 20, log.EndOffset, true).Slice;
        Assert.True(all.Ranges > 2);
        Assert.Equal((50 * size, log.EndOffset), (all.Length, all.EndOffset));
        byte[] bytes = new byte[all.Length];
        Assert.Equal(all.Length, all.Read(bytes));
        int batches = 0;
        foreach (RecordBatch batch in new RecordBatches(bytes))
        {
            Assert.Equal(batches++, batch.BaseOffset.Value);
        }

        for (int most = 1; most <= 50; most++)
        {
            using LogSlice some = log.Read(Offset.Zero, (most * size) + 1, log.EndOffset, false).Slice;
            using LogSlice below = log.Read(Offset.Zero, 1 << 20, new Offset(most), false).Slice;
            Assert.Equal((most * size, new Offset(most)), (some.Length, some.EndOffset));
            Assert.Equal((most * size, new Offset(most)), (below.Length, below.EndOffset));
        }
    }

    [Fact]
    public void The_ranges_of_a_slice_hold_its_bytes_in_order()
    {
        PartitionLog log = new Node().Run().Create();
        for (int i = 0; i < 50; i++)
        {
            log.AppendAsLeader(Of($"value {i:00}"), First, AppendSettings.Default, Now);
        }

        using LogSlice slice = log.Read(new Offset(3), 1 << 20, new Offset(45), true).Slice;
        byte[] expected = new byte[slice.Length];
        slice.Read(expected);
        List<byte> ranges = [];
        for (int i = 0; i < slice.Ranges; i++)
        {
            FileRange range = slice.Range(i, new Offset(45));
            byte[] bytes = new byte[range.Length];
            range.Read(0, bytes);
            ranges.AddRange(bytes);
            Assert.True(range.IsShared);
            Assert.False(slice.Range(i, new Offset(2)).IsShared);
        }

        Assert.Equal(expected, ranges);
    }

    [Fact]
    public void A_range_that_was_truncated_is_not_read_though_the_file_has_its_length_again()
    {
        PartitionLog log = new Node().Run().Create(LogSettings.Default);
        for (int i = 0; i < 10; i++)
        {
            log.AppendAsLeader(Of($"value {i}"), First, AppendSettings.Default, Now);
        }

        using LogSlice kept = log.Read(Offset.Zero, 1 << 20, new Offset(6), true).Slice;
        using LogSlice cut = log.Read(Offset.Zero, 1 << 20, new Offset(7), true).Slice;
        FileRange intact = kept.Range(0, Offset.Zero);
        FileRange gone = cut.Range(0, Offset.Zero);
        log.TruncateTo(new Offset(6));
        intact.Read(0, new byte[intact.Length]);
        Assert.Throws<FileRangeException>(() => gone.Read(0, new byte[gone.Length]));

        gone.File.SetLength(gone.Position + gone.Length);
        Assert.Throws<FileRangeException>(() => gone.Read(0, new byte[gone.Length]));
        Assert.Throws<FileRangeException>(gone.RequireIntact);
    }

    /// <summary>kafkajs takes in the next one only when it comes to the first record of the one before.</summary>
    [Fact]
    public void Aborted_transactions_that_overlap_are_told_by_where_they_began()
    {
        PartitionLog log = new Node().Run().Create();
        ProducerStamp one = new(new ProducerId(1), new ProducerEpoch(0), 0);
        ProducerStamp other = new(new ProducerId(2), new ProducerEpoch(0), 0);
        log.AppendAsLeader(Transactional(one, "a"), First, AppendSettings.Default, Now);
        log.AppendAsLeader(Transactional(other, "b"), First, AppendSettings.Default, Now);
        log.AppendBuilt(Marker(ControlRecordType.Abort, other, 0), First, Now);
        log.AppendBuilt(Marker(ControlRecordType.Abort, one, 0), First, Now);
        log.SetHighWatermark(log.EndOffset);

        Assert.Equal([one.Id, other.Id], log.AbortedTransactions(Offset.Zero, log.EndOffset).Select(static each => each.ProducerId));
    }

    private static int BytesRead(PartitionLog log, int maxBytes, bool atLeastOne)
    {
        using LogSlice slice = log.Read(Offset.Zero, maxBytes, log.EndOffset, atLeastOne).Slice;
        return slice.Read(new byte[slice.Length]);
    }
}
