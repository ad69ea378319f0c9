using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

public class TruncationTests
{
    [Fact]
    public void Truncation_drops_records_segments_and_epochs_at_and_above_the_offset()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        for (int i = 0; i < 40; i++)
        {
            log.AppendAsLeader(Of($"value {i}"), new LeaderEpoch(i / 10), AppendSettings.Default, Now + i);
        }

        log.TruncateTo(new Offset(12));
        Assert.Equal(new Offset(12), log.EndOffset);
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"value {i}"), Values(log));
        Assert.Equal([new EpochEntry(new(0), new(0)), new EpochEntry(new(1), new(10))], log.Epochs.Entries);

        log.AppendAsLeader(Of("again"), new LeaderEpoch(7), AppendSettings.Default, Now);
        Assert.Equal((12, 7, "again"), Records(log)[^1]);
    }

    [Fact]
    public void Nothing_is_written_over_bytes_that_were_cut()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create(LogSettings.Default);
        log.AppendAsLeader(Of("a"), new LeaderEpoch(0), AppendSettings.Default, Now);
        log.AppendAsLeader(Of("b"), new LeaderEpoch(0), AppendSettings.Default, Now);
        byte[] first = node.Disk.BytesOf($"{log.Path}/00000000000000000000.log");
        log.TruncateTo(new Offset(1));
        log.AppendAsLeader(Of("c"), new LeaderEpoch(1), AppendSettings.Default, Now);
        Assert.Equal(first[..(first.Length / 2)], node.Disk.BytesOf($"{log.Path}/00000000000000000000.log"));
        Assert.Equal(["a", "c"], Values(log));

        // Cut to nothing, the file is another one: the old one's bytes cannot come back in it.
        using IDiskFile old = node.Disk.OpenExisting($"{log.Path}/00000000000000000000.log")!;
        log.TruncateTo(new Offset(0));
        log.AppendAsLeader(Of("d"), new LeaderEpoch(2), AppendSettings.Default, Now);
        Assert.Equal(0, old.Length);
        node.Flush();
        Assert.Equal([(0, 2, "d")], Records(node.LosePower(_ => 0).Open()));
    }

    [Fact]
    public void A_truncation_whose_place_the_disk_has_hidden_takes_the_directory_offline()
    {
        const int lengthField = 8;
        var node = new Node();
        PartitionLog log = node.Run().Create(LogSettings.Default);
        log.AppendAsLeader(Of("a"), new LeaderEpoch(0), AppendSettings.Default, Now);
        log.AppendAsLeader(Of("b"), new LeaderEpoch(0), AppendSettings.Default, Now);
        log.AppendAsLeader(Of("c"), new LeaderEpoch(0), AppendSettings.Default, Now);
        node.Disk.Corrupt(
            $"{log.Path}/00000000000000000000.log",
            bytes =>
            {
                bytes[lengthField] ^= 0x40;
                return bytes;
            }
        );

        log.TruncateTo(new Offset(2));

        Assert.True(node.Directory.Health.IsOffline);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 4)]
    [InlineData(2, 3)]
    [InlineData(3, 4)]
    [InlineData(4, 5)]
    [InlineData(5, 5)]
    public void A_batch_that_claims_the_offsets_of_the_next_ones_neither_takes_them_along_nor_hides_them(int changed, int offset)
    {
        const int lastOffsetDelta = 26;
        var node = new Node();
        PartitionLog log = node.Run().Create(LogSettings.Default);
        for (int i = 0; i < 6; i++)
        {
            log.AppendAsLeader(Of($"{i}"), new LeaderEpoch(0), AppendSettings.Default, Now);
        }

        int size = Of("0").Length;
        node.Disk.Corrupt(
            $"{log.Path}/00000000000000000000.log",
            bytes =>
            {
                bytes[(size * changed) + lastOffsetDelta] ^= 0x40;
                return bytes;
            }
        );
        using (LogSlice changedOne = log.Read(new Offset(changed), size, log.EndOffset, true).Slice)
        using (LogSlice read = log.Read(new Offset(offset), 1000, log.EndOffset, true).Slice)
        {
            Assert.Equal(size, changedOne.Length);
            Assert.Equal(new Offset(offset), read.FirstOffset);
        }

        log.TruncateTo(new Offset(offset));

        Assert.False(node.Directory.Health.IsOffline);
        Assert.Equal(new Offset(offset), log.EndOffset);
        Assert.Equal(size * offset, node.Disk.BytesOf($"{log.Path}/00000000000000000000.log").Length);
    }

    [Fact]
    public void A_truncation_inside_a_batch_takes_the_whole_batch()
    {
        PartitionLog log = new Node().Run().Create();
        log.AppendAsLeader(Of("a", "b"), new LeaderEpoch(0), AppendSettings.Default, Now);
        log.AppendAsLeader(Of("c", "d", "e"), new LeaderEpoch(0), AppendSettings.Default, Now);
        log.TruncateTo(new Offset(4));
        Assert.Equal((new Offset(2), 2), (log.EndOffset, Values(log).Count));
    }

    [Fact]
    public void An_epoch_without_records_is_truncated_even_when_the_log_does_not_get_shorter()
    {
        PartitionLog log = new Node().Run().Create();
        log.AppendAsLeader(Of("a"), new LeaderEpoch(1), AppendSettings.Default, Now);
        log.BeginEpoch(new LeaderEpoch(4));
        Assert.Equal(new LeaderEpoch(4), log.Epochs.Latest);

        log.TruncateTo(log.EndOffset);
        Assert.Equal(new LeaderEpoch(1), log.Epochs.Latest);
    }

    [Fact]
    public void A_retry_after_truncation_is_no_duplicate()
    {
        PartitionLog log = new Node().Run().Create();
        for (int i = 0; i < 30; i++)
        {
            Assert.True(log.AppendAsLeader(Produced(i), new LeaderEpoch(0), AppendSettings.Default, Now).IsAccepted);
        }

        Assert.True(log.AppendAsLeader(Produced(29), new LeaderEpoch(0), AppendSettings.Default, Now).IsDuplicate);
        log.TruncateTo(new Offset(20));

        AppendResult gap = log.AppendAsLeader(Produced(29), new LeaderEpoch(1), AppendSettings.Default, Now);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, gap.Error);
        AppendResult retry = log.AppendAsLeader(Produced(20), new LeaderEpoch(1), AppendSettings.Default, Now);
        Assert.Equal((ErrorCode.None, false, new Offset(20)), (retry.Error, retry.IsDuplicate, retry.BaseOffset));
        Assert.True(log.AppendAsLeader(Produced(19), new LeaderEpoch(1), AppendSettings.Default, Now).IsDuplicate);
    }

    [Fact]
    public void A_truncation_reopens_the_transaction_whose_marker_it_cut()
    {
        PartitionLog log = new Node().Run().Create();
        var producer = new ProducerStamp(new ProducerId(5), new ProducerEpoch(0), 0);
        log.AppendAsLeader(Of("before"), new LeaderEpoch(0), AppendSettings.Default, Now);
        log.AppendAsLeader(Transactional(producer, "x"), new LeaderEpoch(0), AppendSettings.Default, Now);
        log.AppendBuilt(Marker(ControlRecordType.Abort, producer, 1), new LeaderEpoch(0), Now);
        log.SetHighWatermark(log.EndOffset);
        Assert.Equal((new Offset(3), 1), (log.LastStableOffset, log.AbortedTransactions(new(0), new(3)).Count));

        log.TruncateTo(new Offset(2));
        Assert.Equal((new Offset(1), 0), (log.LastStableOffset, log.AbortedTransactions(new(0), new(3)).Count));
    }

    [Fact]
    public void A_log_starts_over_at_a_snapshots_end()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        for (int i = 0; i < 30; i++)
        {
            log.AppendAsLeader(Of($"value {i}"), new LeaderEpoch(2), AppendSettings.Default, Now);
        }

        node.Flush();
        log.TruncateFullyAndStartAt(new Offset(500));
        Assert.Equal((new Offset(500), new Offset(500)), (log.StartOffset, log.EndOffset));
        Assert.Empty(log.Epochs.Entries);
        AppendResult next = log.AppendBuilt(Of("next"), new LeaderEpoch(3), Now);
        Assert.Equal(new Offset(500), next.BaseOffset);
        node.Flush();
        Assert.Equal(new Offset(501), log.FlushedTo);

        PartitionLog after = node.LosePower(_ => 0).Open();
        Assert.Equal([(500, 3, "next")], Records(after));
    }

    [Fact]
    public void Advancing_the_start_deletes_whole_segments_and_their_snapshots_and_epochs()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        for (int i = 0; i < 40; i++)
        {
            log.AppendAsLeader(Of($"value {i}"), new LeaderEpoch(i / 10), AppendSettings.Default, Now);
        }

        log.AdvanceStart(new Offset(25));
        Assert.Equal((new Offset(25), "value 25"), (log.StartOffset, Values(log)[0]));
        Assert.Equal([new EpochEntry(new(2), new(25)), new EpochEntry(new(3), new(30))], log.Epochs.Entries);
        Assert.All(log.Segments.Skip(1), segment => Assert.True(segment.BaseOffset > new Offset(25)));
        Assert.DoesNotContain("00000000000000000000.log", node.Disk.ListFiles(log.Path));
        Assert.All(
            node.Disk.ListFiles(log.Path).Where(name => name.EndsWith(".snapshot", StringComparison.Ordinal)),
            name => Assert.True(string.CompareOrdinal(name, $"{log.Segments[0].BaseOffset.Value:D20}") >= 0)
        );
    }

    private static Memory<byte> Produced(int sequence) =>
        With(new ProducerStamp(new ProducerId(9), new ProducerEpoch(0), sequence), $"value {sequence}");
}
