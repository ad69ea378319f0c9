using RaftLog.Platform;
using RaftLog.Protocol;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

public class FlushTests
{
    private static readonly LeaderEpoch Epoch = new(0);

    [Fact]
    public void Bytes_count_only_once_they_are_flushed()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        node.Flush();
        node.Disk.HeldFlush = new TaskCompletionSource();

        Append(log, "a");
        node.Flush();
        Assert.Equal((new Offset(1), new Offset(0), new Offset(0)), (log.EndOffset, log.FlushedTo, log.DurableEnd));

        node.Disk.HeldFlush.SetResult();
        node.Flush();
        Assert.Equal((new Offset(1), new Offset(1)), (log.FlushedTo, log.DurableEnd));
    }

    [Fact]
    public void With_a_long_flush_interval_written_bytes_count_and_the_setting_can_change_while_running()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create(Node.Small with { FlushIntervalMessages = long.MaxValue });
        node.Flush();
        Append(log, "a");
        node.Flush();
        Assert.Equal((new Offset(0), new Offset(1)), (log.FlushedTo, log.DurableEnd));

        log.Settings = Node.Small;
        Assert.Equal(new Offset(0), log.DurableEnd);
        node.Flush();
        Assert.Equal(new Offset(1), log.DurableEnd);
    }

    [Fact]
    public void A_flush_publishes_the_end_from_before_it_began()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        node.Flush();
        TaskCompletionSource held = node.Disk.HeldFlush = new TaskCompletionSource();
        Append(log, "a");
        node.Flush();
        Append(log, "b");
        node.Disk.HeldFlush = new TaskCompletionSource();
        held.SetResult();
        node.Flush();

        Assert.Equal(new Offset(1), log.FlushedTo);
        node.Disk.HeldFlush.SetResult();
        node.Flush();
        Assert.Equal(new Offset(2), log.FlushedTo);
    }

    [Fact]
    public void A_truncation_during_a_flush_keeps_its_result_from_counting()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        Append(log, "a");
        node.Flush();
        TaskCompletionSource held = node.Disk.HeldFlush = new TaskCompletionSource();
        Append(log, "b");
        Append(log, "c");
        node.Flush();
        int generation = log.Generation;

        log.TruncateTo(new Offset(2));
        Assert.Equal(generation + 1, log.Generation);
        log.AppendAsLeader(Of("d"), new LeaderEpoch(1), AppendSettings.Default, Now);
        node.Disk.HeldFlush = new TaskCompletionSource();
        held.SetResult();
        node.Flush();

        Assert.Equal(new Offset(1), log.FlushedTo);
        node.Disk.HeldFlush.SetResult();
        node.Flush();
        Assert.Equal(new Offset(3), log.FlushedTo);
    }

    [Fact]
    public void A_truncation_lowers_what_is_flushed_at_once_and_what_remains_is_flushed_without_an_append()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        Append(log, "a");
        Append(log, "b");
        node.Flush();
        node.Disk.HeldFlush = new TaskCompletionSource();
        Append(log, "c");
        node.Flush();

        log.TruncateTo(new Offset(1));
        Assert.Equal(new Offset(1), log.FlushedTo);
        Append(log, "d");
        log.TruncateTo(new Offset(2));
        Assert.Equal(new Offset(1), log.FlushedTo);
        node.Disk.HeldFlush.SetResult();
        node.Disk.HeldFlush = null;
        node.Flush();
        Assert.Equal(new Offset(2), log.FlushedTo);
    }

    [Fact]
    public void After_a_roll_all_segments_with_new_bytes_are_flushed_and_the_new_names_too()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        node.Flush();
        TaskCompletionSource held = node.Disk.HeldFlush = new TaskCompletionSource();
        Append(log, "first");
        node.Flush();
        for (int i = 0; i < 30; i++)
        {
            Append(log, $"value {i}");
        }

        node.Disk.HeldFlush = null;
        node.Disk.Flushes.Clear();
        held.SetResult();
        node.Flush();

        Assert.Equal(log.EndOffset, log.FlushedTo);
        foreach (string name in node.Disk.ListFiles(log.Path).Where(name => name.EndsWith(".log", StringComparison.Ordinal)))
        {
            Assert.Contains($"{log.Path}/{name}", node.Disk.Flushes);
        }

        Assert.Contains(log.Path, node.Disk.Flushes);
        List<string> before = Values(log);
        PartitionLog after = node.LosePower(_ => 0).Open();
        Assert.Equal(before, Values(after));
    }

    /// <summary>To flush a directory costs as much as to flush a file.</summary>
    [Fact]
    public void A_directory_is_flushed_with_its_first_records_and_not_with_more_of_them()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        Append(log, "first");
        node.Flush();
        Assert.Contains(log.Path, node.Disk.Flushes);
        node.Disk.Flushes.Clear();
        Append(log, "second");
        node.Flush();
        Assert.Equal([$"{log.Path}/00000000000000000000.log"], node.Disk.Flushes);
    }

    [Fact]
    public void Nothing_of_a_flushed_log_is_lost_with_the_power_not_even_a_new_log()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        Append(log, "a");
        node.Flush();
        Assert.Equal(new Offset(1), log.FlushedTo);

        PartitionLog after = node.LosePower(_ => 0).Open();
        Assert.Equal(["a"], Values(after));
        Assert.Equal(Node.OrdersId, after.TopicId);
        Assert.False(after.Recovery.WasClean);
    }

    [Fact]
    public void All_logs_of_a_group_are_published_before_the_observer_is_told_once()
    {
        var node = new Node();
        node.Run();
        PartitionLog[] logs =
        [
            .. Enumerable.Range(0, 3).Select(i => node.Directory.Create(new TopicPartition("t", i), new Uuid(1, (ulong)i + 1), Node.Small)),
        ];
        node.Flush();
        node.Groups.Clear();
        TaskCompletionSource held = node.Disk.HeldFlush = new TaskCompletionSource();
        Append(logs[0], "first");
        node.Flush();
        node.OnFlushed = _ => node.OnFlushed = group => Assert.All(group, log => Assert.Equal(log.EndOffset, log.FlushedTo));
        foreach (PartitionLog log in logs)
        {
            Append(log, "x");
            Append(log, "y");
        }

        node.Disk.HeldFlush = null;
        held.SetResult();
        node.Flush();

        Assert.Equal([1, 3], node.Groups);
    }

    [Fact]
    public void A_flush_of_data_that_hangs_holds_up_nothing_of_the_metadata_log()
    {
        var node = new Node();
        PartitionLog metadata = node.Pump.Finish(() =>
            node.Directory.OpenMetadataLogAsync(node.Disk, new TopicPartition("__cluster_metadata", 0), Node.Small)
        );
        PartitionLog data = node.Run().Create();
        node.Flush();
        TaskCompletionSource held = node.Disk.HeldFlush = new TaskCompletionSource();
        Append(data, "hangs");
        node.Flush();
        node.Disk.HeldFlush = null;
        Append(metadata, "goes on");
        node.Flush();
        Assert.Equal(Offset.Zero, data.FlushedTo);
        Assert.Equal(new Offset(1), metadata.FlushedTo);

        held.SetResult();
        node.Flush();
        Assert.Equal(new Offset(1), data.FlushedTo);
        Append(metadata, "last");
        node.Close();
        var next = new Node(node.Disk);
        PartitionLog after = next.Pump.Finish(() =>
            next.Directory.OpenMetadataLogAsync(next.Disk, new TopicPartition("__cluster_metadata", 0), Node.Small)
        );
        Assert.Equal(["goes on", "last"], Values(after));
        Assert.True(after.Recovery.WasClean);
    }

    [Fact]
    public void A_failed_flush_takes_the_directory_offline_and_is_never_tried_again()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        node.Flush();
        int tries = 0;
        DiskException? seen = null;
        node.Directory.Health.WentOffline += cause => seen = cause;
        node.Disk.BeforeFlush = () =>
        {
            tries++;
            if (tries == 1)
            {
                throw new DiskException(log.Path, DiskErrorKind.Io, "flush", "input/output error");
            }
        };

        Append(log, "a");
        node.Flush();

        Assert.Equal(new Offset(0), log.FlushedTo);
        Assert.Equal(DirectoryState.Offline, node.Directory.Health.State);
        Assert.Equal("flush", seen!.Operation);
        Assert.Equal(ErrorCode.KafkaStorageError, log.AppendAsLeader(Of("b"), Epoch, AppendSettings.Default, Now).Error);
        node.WriteCheckpoints();
        Assert.Equal(1, tries);
        Assert.Equal(new Offset(0), log.FlushedTo);
    }

    [Fact]
    public void A_log_that_is_closed_or_deleted_publishes_nothing_more()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        node.Flush();
        TaskCompletionSource held = node.Disk.HeldFlush = new TaskCompletionSource();
        Append(log, "a");
        node.Flush();
        node.Directory.Delete(log);
        held.SetResult();
        node.Disk.HeldFlush = null;
        node.Flush();

        Assert.Equal(new Offset(0), log.FlushedTo);
        Assert.False(node.Directory.Health.IsOffline);
    }

    private static void Append(PartitionLog log, string value) =>
        Assert.Equal(ErrorCode.None, log.AppendAsLeader(Of(value), Epoch, AppendSettings.Default, Now).Error);
}
