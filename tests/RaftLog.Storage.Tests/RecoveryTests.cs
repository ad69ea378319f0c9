using System.Text;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

public class RecoveryTests
{
    private static readonly LeaderEpoch Epoch = new(0);

    [Fact]
    public void A_torn_batch_and_everything_after_it_is_cut()
    {
        Node node = Filled(10);
        string file = $"{node.Directory.Logs[0].Path}/00000000000000000000.log";
        int size = Of("value 0").Length;
        node.Disk.KillProcess();
        node.Disk.Corrupt(
            file,
            bytes =>
            {
                bytes[(3 * size) + 70] ^= 1;
                return bytes;
            }
        );

        PartitionLog log = new Node(node.Disk).Run().Open(LogSettings.Default);
        Assert.Equal(["value 0", "value 1", "value 2"], Values(log));
        Assert.Equal((new Offset(3), new Offset(3)), (log.EndOffset, log.FlushedTo));
        Assert.Equal(7 * size, log.Recovery.TruncatedBytes);
        Assert.Equal(3 * size, node.Disk.BytesOf(file).Length);
    }

    [Fact]
    public void A_clean_stop_leaves_nothing_to_scan_and_keeps_all_that_was_known()
    {
        Node node = Filled(30, Node.Small);
        PartitionLog before = node.Directory.Logs[0];
        before.SetHighWatermark(new Offset(20));
        node = node.Restart();
        PartitionLog log = node.Open();

        Assert.True(log.Recovery.WasClean);
        Assert.Equal(0, log.Recovery.ScannedBytes);
        Assert.Equal(new Offset(20), log.HighWatermark);
        Assert.Equal(30, Values(log).Count);
        Assert.Equal([new EpochEntry(Epoch, new Offset(0))], log.Epochs.Entries);
        Assert.Equal(new BrokerEpoch(17), node.Directory.PreviousBrokerEpoch);
    }

    [Fact]
    public void Files_in_doubt_are_flushed_before_they_are_read_and_again_before_the_log_is_used()
    {
        Node node = Filled(3);
        string path = node.Directory.Logs[0].Path;
        node.Disk.KillProcess();
        node.Disk.Flushes.Clear();
        new Node(node.Disk).Run().Open(LogSettings.Default);

        string file = $"{path}/00000000000000000000.log";
        Assert.Equal(2, node.Disk.Flushes.Count(flushed => flushed == file));
        Assert.Equal(path, node.Disk.Flushes[^1]);
    }

    /// <summary>Its last offset says where the log goes on: a replica would claim what it has never had.</summary>
    [Fact]
    public void A_log_whose_last_batch_the_disk_has_changed_after_a_clean_stop_is_rejected()
    {
        const int LastOffsetDelta = 26;
        Node node = Filled(10);
        string file = $"{node.Directory.Logs[0].Path}/00000000000000000000.log";
        node.Close();
        int last = node.Disk.BytesOf(file).Length - Of("value 9").Length;
        Flip();
        DiskException rejection = Assert.Throws<DiskException>(() => new Node(node.Disk).Run().Open());
        Assert.Contains("the last batch, at offset 9, is not what was written", rejection.Message, StringComparison.Ordinal);

        node.Disk.KillProcess();
        Flip();
        Assert.Equal(10, Values(new Node(node.Disk).Run().Open()).Count);

        void Flip() =>
            node.Disk.Corrupt(
                file,
                bytes =>
                {
                    bytes[last + LastOffsetDelta] ^= 4;
                    return bytes;
                }
            );
    }

    /// <summary>
    /// Offsets, indexes and the checksum of the last batch are judged in one pass, with the index and without: a node may have thousands of
    /// logs.
    /// </summary>
    [Theory]
    [InlineData(500)]
    [InlineData(int.MaxValue)]
    public void A_clean_start_reads_the_end_of_a_log_once(int indexIntervalBytes)
    {
        const int Batches = 300;
        Node node = Filled(Batches, new LogSettings { IndexIntervalBytes = indexIntervalBytes });
        string file = $"{node.Directory.Logs[0].Path}/00000000000000000000.log";
        node.Directory.Logs[0].SetHighWatermark(new Offset(Batches));
        node.Close();
        FailingDisk watched = new(node.Disk);
        Assert.Equal(Batches, new Node(node.Disk, watched).Run().Open().EndOffset.Value);
        int length = node.Disk.BytesOf(file).Length;
        Assert.Single(watched.Reads, read => read.Path == file && read.To == length && read.From < length);
    }

    [Fact]
    public void What_lies_below_the_recovery_point_is_not_scanned()
    {
        Node node = Filled(100, Node.Small);
        PartitionLog log = node.Directory.Logs[0];
        log.SetHighWatermark(new Offset(60));
        node.WriteCheckpoints();
        node.Disk.KillProcess();

        PartitionLog after = new Node(node.Disk).Run().Open();
        Assert.Equal(new Offset(60), after.Recovery.RecoveryPoint);
        Assert.InRange(after.Recovery.ScannedBytes, 1, log.SizeBytes * 60 / 100);
        Assert.Equal(100, Values(after).Count);
    }

    /// <summary>
    /// The last offset below the recovery point was flushed and committed; at the recovery point begins what a power cut may have torn.
    /// </summary>
    [Fact]
    public void What_is_corrupt_below_the_recovery_point_is_rejected_and_from_there_on_it_is_torn_and_cut()
    {
        Assert.NotNull(RejectionOfCorrupt(0));
        Assert.NotNull(RejectionOfCorrupt(5));
        Assert.Null(RejectionOfCorrupt(6));
        Assert.Null(RejectionOfCorrupt(9));

        static DiskException? RejectionOfCorrupt(int corrupt)
        {
            Node node = Filled(10);
            CheckpointedAt(node, 6);
            string file = $"{node.Directory.Logs[0].Path}/00000000000000000000.log";
            byte[] whole = node.Disk.BytesOf(file);
            int size = Of("value 0").Length;
            node.Disk.Corrupt(
                file,
                bytes =>
                {
                    bytes[(corrupt * size) + 70] ^= 1;
                    return bytes;
                }
            );
            byte[] damaged = node.Disk.BytesOf(file);
            try
            {
                Assert.Equal(
                    Enumerable.Range(0, corrupt).Select(each => $"value {each}"),
                    Values(new Node(node.Disk).Run().Open(LogSettings.Default))
                );
                return null;
            }
            catch (DiskException rejection)
            {
                // Nothing was lost by the rejection: once the bytes are right again, all is there.
                Assert.Equal((file, DiskErrorKind.Io), (rejection.Path, rejection.Kind));
                Assert.Contains($"below offset 6 was flushed, and the file is intact up to offset {corrupt} only", rejection.Message);
                Assert.Equal(damaged, node.Disk.BytesOf(file));
                node.Disk.KillProcess();
                node.Disk.Corrupt(file, _ => whole);
                Assert.Equal(10, Values(new Node(node.Disk).Run().Open(LogSettings.Default)).Count);
                return rejection;
            }
        }
    }

    [Fact]
    public void Batches_missing_below_the_recovery_point_are_corruption_and_later_segments_are_kept()
    {
        Node node = Filled(30, Node.Small);
        CheckpointedAt(node, 10);
        string path = node.Directory.Logs[0].Path;
        int segments = node.Disk.ListFiles(path).Count(IsLog);
        Assert.True(segments > 1);
        int size = Of("value 0").Length;
        node.Disk.Corrupt($"{path}/00000000000000000000.log", bytes => bytes[..(8 * size)]);

        DiskException rejection = Assert.Throws<DiskException>(() => new Node(node.Disk).Run().Open());
        Assert.Contains("intact up to offset 8 only", rejection.Message);
        Assert.Equal(segments, node.Disk.ListFiles(path).Count(IsLog));

        static bool IsLog(string name) => name.EndsWith(".log", StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_end_of_one_segment_drops_the_segments_after_it()
    {
        Node node = Filled(30, Node.Small);
        PartitionLog log = node.Directory.Logs[0];
        string first = $"{log.Path}/00000000000000000000.log";
        node.Disk.KillProcess();
        int size = Of("value 0").Length;
        node.Disk.Corrupt(first, bytes => bytes[..(2 * size)]);

        PartitionLog after = new Node(node.Disk).Run().Open();
        Assert.Equal(["value 0", "value 1"], Values(after));
        Assert.True(after.Recovery.DroppedSegments > 0);
    }

    [Fact]
    public void An_old_tail_that_a_lost_truncation_left_behind_newer_records_is_cut()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create(LogSettings.Default);
        foreach (string value in (string[])["a", "b", "c"])
        {
            log.AppendAsLeader(Of(value), new LeaderEpoch(3), AppendSettings.Default, Now);
        }

        node.Flush();
        node.Disk.KillProcess();
        int size = Of("a").Length;
        node.Disk.Corrupt(
            $"{log.Path}/00000000000000000000.log",
            bytes => [.. bytes[..size], .. At(1, 5, Of("d")).Span, .. bytes[(2 * size)..]]
        );

        PartitionLog after = new Node(node.Disk).Run().Open(LogSettings.Default);
        Assert.Equal([(0, 3, "a"), (1, 5, "d")], Records(after));
        Assert.Equal(new LeaderEpoch(5), after.Epochs.Latest);
    }

    [Fact]
    public void Missing_and_damaged_indexes_are_rebuilt_after_a_clean_stop()
    {
        Node node = Filled(40, Node.Small);
        string path = node.Directory.Logs[0].Path;
        node.Close();
        Dictionary<string, byte[]> indexes = node
            .Disk.ListFiles(path)
            .Where(name => name.EndsWith("index", StringComparison.Ordinal))
            .ToDictionary(name => name, name => node.Disk.BytesOf($"{path}/{name}"));
        Assert.True(indexes.Count > 4);
        foreach (string name in indexes.Keys)
        {
            node.Disk.Corrupt(
                $"{path}/{name}",
                bytes => name.EndsWith(".index", StringComparison.Ordinal) ? [.. bytes, .. new byte[64]] : []
            );
        }

        node = new Node(node.Disk).Run();
        PartitionLog log = node.Open();
        Assert.Equal(40, Values(log).Count);
        Assert.Equal(new Offset(25), log.FindByTimestamp(Now + 25)!.Value.Offset);
        node.Close();
        foreach ((string name, byte[] content) in indexes)
        {
            Assert.Equal(content, node.Disk.BytesOf($"{path}/{name}"));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public void A_closed_segment_whose_time_index_lost_its_last_entries_gets_them_back(int lost)
    {
        Node node = Filled(40, Node.Small);
        string index = $"{node.Directory.Logs[0].Path}/00000000000000000000.timeindex";
        node.Close();
        byte[] whole = node.Disk.BytesOf(index);
        node.Disk.Corrupt(index, bytes => bytes[..^(12 * Math.Min(lost, bytes.Length / 12))]);

        node = new Node(node.Disk).Run();
        Assert.Equal(40, Values(node.Open()).Count);
        node.Close();
        Assert.Equal(whole, node.Disk.BytesOf(index));
    }

    [Fact]
    public void A_missing_epoch_checkpoint_is_rebuilt_from_the_batches()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create(Node.Small);
        for (int i = 0; i < 20; i++)
        {
            log.AppendAsLeader(Of($"value {i}"), new LeaderEpoch(i / 5), AppendSettings.Default, Now);
        }

        IReadOnlyList<EpochEntry> entries = log.Epochs.Entries;
        node.Close();
        node.Disk.DeleteFile($"{log.Path}/leader-epoch-checkpoint");
        Assert.Equal(entries, new Node(node.Disk).Run().Open().Epochs.Entries);
    }

    /// <summary>Its earliest offset has an epoch, and a follower that diverged in one of them is told where it ended (as Kafka).</summary>
    [Fact]
    public void A_compacted_log_that_is_recovered_keeps_the_epochs_that_have_no_record_left()
    {
        CleanedLog cleaned = new();
        foreach (int epoch in (int[])[0, 2, 5])
        {
            foreach (string key in (string[])["a", "b"])
            {
                Memory<byte> batch = CleanedLog.Keyed(ProducerStamp.None, CompressionType.None, false, Now, (key, "value"));
                cleaned.Log.AppendAsLeader(batch, new LeaderEpoch(epoch), AppendSettings.Default, Now);
                cleaned.Node.Flush();
            }
        }

        cleaned.Roll();
        cleaned.Clean();
        Assert.Equal([4, 5], Records(cleaned.Log).Select(record => record.Offset));
        EpochEntry[] entries = [new(new(0), new(0)), new(new(2), new(2)), new(new(5), new(4))];
        Assert.Equal(entries, cleaned.Log.Epochs.Entries);
        cleaned.LosePower(static disk => disk.KillProcess());
        Assert.True(cleaned.Log.Recovery.ScannedBytes > 0);
        Assert.Equal(entries, cleaned.Log.Epochs.Entries);
    }

    [Fact]
    public void A_truncation_below_the_recovery_point_lowers_it_on_the_disk_first()
    {
        Node node = Filled(10);
        PartitionLog log = node.Directory.Logs[0];
        log.SetHighWatermark(new Offset(8));
        node.WriteCheckpoints();
        Assert.Throws<InvariantException>(() => log.TruncateTo(new Offset(4)));

        node.Pump.Finish(() => node.Directory.PrepareTruncationAsync(log, new Offset(4)));
        Assert.Contains("orders 0 4", Encoding.UTF8.GetString(node.Disk.BytesOf($"{Node.Root}/recovery-point-offset-checkpoint")));
        log.TruncateTo(new Offset(4));
        Assert.Equal((new Offset(4), new Offset(4), new Offset(4)), (log.EndOffset, log.HighWatermark, log.FlushedTo));
    }

    [Fact]
    public void A_recovery_point_is_never_above_what_is_flushed_or_committed()
    {
        Node node = Filled(5);
        PartitionLog log = node.Directory.Logs[0];
        log.SetHighWatermark(new Offset(3));
        node.WriteCheckpoints();
        Assert.Contains("orders 0 3", Encoding.UTF8.GetString(node.Disk.BytesOf($"{Node.Root}/recovery-point-offset-checkpoint")));

        node.Disk.HeldFlush = new TaskCompletionSource();
        log.AppendAsLeader(Of("x"), Epoch, AppendSettings.Default, Now);
        log.SetHighWatermark(new Offset(6));
        Assert.Equal(new Offset(5), log.Flushing.ClaimRecoveryPoint(log.HighWatermark));
    }

    [Fact]
    public void A_namesake_of_a_deleted_log_is_not_recovered_by_the_old_ones_checkpoints()
    {
        Node node = Filled(20);
        PartitionLog old = node.Directory.Logs[0];
        old.SetHighWatermark(new Offset(20));
        old.AdvanceStart(new Offset(15));
        node.WriteCheckpoints();
        node.Directory.Delete(old);
        PartitionLog log = node.Directory.Create(Node.Orders, new Uuid(8, 8), LogSettings.Default);
        log.AppendAsLeader(Of("new"), Epoch, AppendSettings.Default, Now);
        node.Flush();
        Assert.Equal(new Offset(1), log.FlushedTo);

        PartitionLog after = node.LosePower(_ => 0).Open(LogSettings.Default);
        Assert.Equal((new Uuid(8, 8), Offset.Zero, Offset.Zero), (after.TopicId, after.Recovery.RecoveryPoint, after.StartOffset));
        Assert.Equal(["new"], Values(after));
    }

    [Fact]
    public void Checkpoints_keep_what_they_know_of_logs_that_are_not_open()
    {
        var node = new Node();
        node.Run();
        var other = new TopicPartition("other", 3);
        PartitionLog log = node.Directory.Create(other, new Uuid(4, 4), LogSettings.Default);
        log.AppendAsLeader(Of("a", "b"), Epoch, AppendSettings.Default, Now);
        log.SetHighWatermark(new Offset(2));
        node = node.Restart();
        node.Create();
        node.WriteCheckpoints();
        node.Disk.KillProcess();

        node = new Node(node.Disk).Run();
        PartitionLog after = node.Pump.Finish(() => node.Directory.OpenLogAsync(other, LogSettings.Default));
        Assert.Equal((new Offset(2), new Offset(2)), (after.HighWatermark, after.Recovery.RecoveryPoint));
    }

    [Fact]
    public void The_log_start_survives_a_clean_stop()
    {
        Node node = Filled(10);
        node.Directory.Logs[0].AdvanceStart(new Offset(7));
        PartitionLog log = node.Restart().Open(LogSettings.Default);
        Assert.Equal(new Offset(7), log.StartOffset);
        Assert.Equal(["value 7", "value 8", "value 9"], Values(log));
    }

    [Fact]
    public void A_second_process_cannot_take_the_directory_and_an_unformatted_one_is_rejected()
    {
        var node = new Node();
        Assert.Contains(".lock", Assert.Throws<LogDirectoryException>(() => new Node(node.Disk)).Message);
        var disk = new CrashDisk();
        disk.CreateDirectory(Node.Root);
        Assert.Contains("not formatted", Assert.Throws<LogDirectoryException>(() => new Node(disk)).Message);
    }

    [Fact]
    public void Deleted_and_stray_directories_are_renamed_as_Kafka_does()
    {
        Node node = Filled(1);
        PartitionLog log = node.Directory.Logs[0];
        node.Directory.SetAsStray(log);
        node.Flush();
        Assert.Equal(["orders-0.00000000000000070000000000000009-stray"], node.Disk.ListDirectories(Node.Root));

        node.Directory.SetAsStray(node.Create());
        node.Flush();
        Assert.Equal(2, node.Disk.ListDirectories(Node.Root).Count);

        PartitionLog second = node.Create();
        node.Disk.HeldFlush = new TaskCompletionSource();
        node.Flush();
        node.Directory.Delete(second);
        Assert.Contains("orders-0.00000000000000070000000000000009-delete", node.Disk.ListDirectories(Node.Root));
        node.Disk.HeldFlush.SetResult();
        node.Flush();
        Assert.DoesNotContain("orders-0.00000000000000070000000000000009-delete", node.Disk.ListDirectories(Node.Root));
        Assert.False(node.Directory.Health.IsOffline);
    }

    [Fact]
    public void Unfinished_work_of_the_cleaner_is_undone_and_finished_work_is_kept()
    {
        Node node = Filled(30, Node.Small);
        PartitionLog log = node.Directory.Logs[0];
        List<string> values = Values(log);
        string second = node.Disk.ListFiles(log.Path).Where(name => name.EndsWith(".log", StringComparison.Ordinal)).ElementAt(1);
        node.Close();
        byte[] content = node.Disk.BytesOf($"{log.Path}/{second}");
        Write(node.Disk, $"{log.Path}/{second}.swap", content);
        Write(node.Disk, $"{log.Path}/00000000000000000000.log.cleaned", [1, 2, 3]);
        Write(node.Disk, $"{log.Path}/00000000000000000999.log.deleted", [1, 2, 3]);

        node = new Node(node.Disk).Run();
        Assert.Equal(values, Values(node.Open()));
        Assert.DoesNotContain(
            node.Disk.ListFiles(log.Path),
            name =>
                name.EndsWith(".swap", StringComparison.Ordinal)
                || name.EndsWith(".cleaned", StringComparison.Ordinal)
                || name.EndsWith(".deleted", StringComparison.Ordinal)
        );
    }

    /// <summary>All below an offset is committed, and the recovery point on the disk says so; then the process is killed.</summary>
    private static void CheckpointedAt(Node node, long offset)
    {
        node.Directory.Logs[0].SetHighWatermark(new Offset(offset));
        node.WriteCheckpoints();
        node.Disk.KillProcess();
    }

    private static void Write(CrashDisk disk, string path, byte[] content)
    {
        using IDiskFile file = disk.OpenOrCreate(path);
        file.Write(0, content);
    }

    private static Node Filled(int records, LogSettings? settings = null)
    {
        var node = new Node();
        PartitionLog log = node.Run().Create(settings ?? LogSettings.Default);
        for (int i = 0; i < records; i++)
        {
            Memory<byte> batch = With(
                Protocol.Records.ProducerStamp.None,
                Protocol.Compression.CompressionType.None,
                false,
                Now + i,
                $"value {i}"
            );
            Assert.True(log.AppendAsLeader(batch, Epoch, AppendSettings.Default, Now).IsAccepted);
        }

        node.Flush();
        return node;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_log_whose_making_a_kill_has_ended_is_durable_before_its_first_record(bool hasSegment)
    {
        Node first = new Node().Run();
        first.Disk.HeldFlush = new TaskCompletionSource();
        string path = first.Create().Path;

        // The process dies before anything of the log was flushed; the next one finds it in the page cache.
        first.Disk.KillProcess();
        if (!hasSegment)
        {
            first.Disk.DeleteFile($"{path}/{LogFileNames.LeaderEpochs}");
            first.Disk.DeleteFile($"{path}/{LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log)}");
        }

        Node second = new Node(first.Disk).Run();
        second.Pump.Finish(() => second.Directory.OpenAllAsync(Node.Small));
        PartitionLog log = second.Directory.Find(Node.Orders)!;
        Assert.True(log.AppendAsLeader(Of("a"), new LeaderEpoch(0), AppendSettings.Default, Now).IsAccepted);
        second.Flush();
        Assert.Equal(new Offset(1), log.FlushedTo);

        Node third = second.LosePower(static _ => 0);
        PartitionLog found = third.Open();
        Assert.Equal(Node.OrdersId, found.TopicId);
        Assert.Equal(["a"], Values(found));
    }
}
