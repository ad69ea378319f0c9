using System.Buffers.Binary;
using System.Globalization;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.TestKit;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>
/// Every byte of every file of a stopped node flipped, every file emptied, cut or removed: the verification names it, a reader does not
/// take it for what was written, a start goes on or names the file, and a repair leaves a directory that starts and has nothing to be
/// found.
/// </summary>
public class VerificationTests
{
    private const string Log = $"{Node.Root}/orders-0";

    private static readonly ProducerStamp Writer = new(new ProducerId(70), new ProducerEpoch(0), 0);

    [Fact]
    public void A_directory_that_stopped_in_order_has_nothing_to_be_found()
    {
        VerificationResult result = LogDirectoryVerification.Run(Stopped(), Node.Root);
        Assert.Empty(result.Findings);
        Assert.Equal([Node.Orders], result.Logs);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    public void The_directory_of_one_log_is_looked_at_alone(string end)
    {
        CrashDisk disk = Stopped();
        VerificationResult result = LogDirectoryVerification.Run(disk, Log + end);
        Assert.Empty(result.Findings);
        Assert.Equal([Node.Orders], result.Logs);

        disk.Corrupt($"{Log}/{LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log)}", static bytes => Damages.Flipped(bytes, 70));
        Assert.NotEmpty(LogDirectoryVerification.Run(disk, Log + end).Findings);
    }

    [Fact]
    public void What_Kafka_wrote_has_nothing_to_be_found()
    {
        foreach (string archive in (string[])["clean-stop.tar.gz", "killed.tar.gz"])
        {
            // The archives leave out some of the logs that the checkpoints tell of.
            VerificationResult result = LogDirectoryVerification.Run(Golden.Unpack(archive), Node.Root);
            Assert.True(result.Logs.Count >= 8);
            Assert.All(result.Findings, finding => Assert.EndsWith("its directory is missing", finding.What));
        }
    }

    /// <summary>Nothing on a follower tells what its leader has compacted before it was copied.</summary>
    [Theory]
    [InlineData(100_000)]
    [InlineData(300)]
    public void A_copy_of_a_compacted_log_has_nothing_to_be_found_and_a_repair_leaves_it_alone(int segmentBytes)
    {
        CleanedLog leader = Compacted();
        Node follower = Copy(leader, segmentBytes);
        List<(long, int, string)> copied = Records(follower.Directory.Find(Node.Orders)!);
        Assert.Equal(Records(leader.Log), copied);
        Assert.True(copied[^1].Item1 > copied.Count, "compaction has left a gap");
        Assert.Equal(Offset.Zero, follower.Directory.Find(Node.Orders)!.CleanedTo);
        follower.Close();
        Assert.Empty(LogDirectoryVerification.Run(follower.Disk, Node.Root).Findings);
        Assert.Empty(Repair(follower.Disk));
        Assert.Equal(copied, Records(new Node(follower.Disk).Run().Open()));
    }

    /// <summary>Its index is right, though of what it tells the first record, or every one, is gone.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_aborted_transaction_whose_beginning_was_compacted_has_nothing_to_be_found(bool goesOn)
    {
        CleanedLog life = new();
        life.Transactional(Writer, "a", "aborted").Put("b", "1").Roll();
        if (goesOn)
        {
            life.Transactional(Writer with { BaseSequence = 1 }, "c", "aborted too");
        }

        life.End(Writer, ControlRecordType.Abort);
        Assert.Equal(new Offset(2), life.Clean()!.Value.CleanedTo);
        Assert.DoesNotContain(life.Records(), static each => each.Key == "a");
        life.Node.Close();

        Assert.Empty(LogDirectoryVerification.Run(life.Node.Disk, Node.Root).Findings);
    }

    /// <summary>Compaction leaves gaps, and never two records in one place.</summary>
    [Fact]
    public void Two_records_at_one_offset_are_named()
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create();
        log.AppendAsLeader(Of("first", "second"), new LeaderEpoch(0), AppendSettings.Default, Now);
        node.Close();
        node.Disk.Corrupt(
            $"{Log}/{LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log)}",
            static bytes =>
            {
                int second = RecordBatch.HeaderSize + 1 + (bytes[RecordBatch.HeaderSize] >> 1);

                // Behind its length, its attributes and its time: 1, as a varint.
                Assert.Equal(2, bytes[second + 3]);
                bytes[second + 3] = 0;
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(17), Crc32C.Compute(bytes.AsSpan(21)));
                return bytes;
            }
        );
        Assert.Contains("out of order", Assert.Single(LogDirectoryVerification.Run(node.Disk, Node.Root).Findings).What);
    }

    /// <summary>The base offset lies outside the checksum, and a gap alone says nothing: what comes after it does.</summary>
    [Fact]
    public void Every_flipped_bit_of_a_copy_of_a_compacted_log_is_found()
    {
        CleanedLog leader = Compacted();
        leader.Put("x", "1").Put("y", "2").Put("z", "3");
        CrashDisk sound = Copied();
        string name = sound.ListFiles(Log).Last(name => name.EndsWith(LogFileNames.Log, StringComparison.Ordinal));
        byte[] bytes = sound.BytesOf($"{Log}/{name}");
        for (int at = 0; at < bytes.Length; at++)
        {
            CrashDisk disk = Copied();
            disk.Corrupt($"{Log}/{name}", whole => Damages.Flipped(whole, at));
            Assert.True(LogDirectoryVerification.Run(disk, Node.Root).Findings.Count > 0, $"byte {at} of {name}");
        }

        CrashDisk Copied()
        {
            Node follower = Copy(leader, 100_000);
            follower.Close();
            return follower.Disk;
        }
    }

    /// <summary>A batch whose offset is damaged upwards makes the one after it look wrong: the repair takes the right one.</summary>
    [Fact]
    public void A_repair_truncates_before_the_batch_whose_offset_is_damaged_and_not_before_the_next()
    {
        CrashDisk disk = Stopped();
        string first = $"{Log}/{LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log)}";
        int second = BatchesOf(disk.BytesOf(first))[1].Position;
        disk.Corrupt(first, bytes => Damages.Flipped(bytes, second + 6));
        LogFinding finding = Assert.Single(LogDirectoryVerification.Run(disk, Node.Root).Findings);
        Assert.Equal((first, second, LogRepairKind.Truncate), (finding.Path, finding.Position, finding.Repair));
        Repair(disk);
        Assert.Equal(["value 0"], Values(Opened(disk)!));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_damaged_offset_of_the_last_batch_is_named_and_truncated_where_nothing_was_compacted(bool isCompacted)
    {
        CrashDisk disk = Stopped();
        if (isCompacted)
        {
            Node follower = Copy(Compacted(), 100_000);
            follower.Close();
            disk = follower.Disk;
        }

        string last = $"{Log}/{disk.ListFiles(Log).Last(name => name.EndsWith(LogFileNames.Log, StringComparison.Ordinal))}";
        int position = BatchesOf(disk.BytesOf(last))[^1].Position;
        disk.Corrupt(last, bytes => Damages.Flipped(bytes, position + 6));
        LogFinding finding = LogDirectoryVerification.Run(disk, Node.Root).Findings.First(finding => finding.Path == last);
        Assert.Equal((position, isCompacted ? LogRepairKind.None : LogRepairKind.Truncate), (finding.Position, finding.Repair));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_segment_that_has_lost_whole_batches_at_its_end_is_found(bool hasIndexes)
    {
        CrashDisk disk = Stopped();
        string first = $"{Log}/{LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log)}";
        disk.Corrupt(first, bytes => bytes[..BatchesOf(bytes)[^1].Position]);
        if (!hasIndexes)
        {
            disk.DeleteFile(Path.ChangeExtension(first, LogFileNames.OffsetIndex));
            disk.DeleteFile(Path.ChangeExtension(first, LogFileNames.TimeIndex));
        }

        LogFinding finding = LogDirectoryVerification.Run(disk, Node.Root).Findings.First(finding => finding.Path == first);
        Assert.Contains("the next segment begins at", finding.What, StringComparison.Ordinal);
        Assert.Equal(hasIndexes ? LogRepairKind.Truncate : LogRepairKind.None, finding.Repair);
    }

    /// <summary>What compaction has come by may be missing, up to the very offset that it has come to.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(-1, false)]
    public void A_gap_before_a_segment_is_of_compaction_where_that_came_so_far(int beyond, bool isOfCompaction)
    {
        CrashDisk disk = Stopped();
        string[] names = [.. disk.ListFiles(Log).Where(static name => name.EndsWith(LogFileNames.Log, StringComparison.Ordinal)).Order()];
        long second = long.Parse(Path.GetFileNameWithoutExtension(names[1]), CultureInfo.InvariantCulture);
        disk.Corrupt($"{Log}/{names[0]}", static bytes => bytes[..BatchesOf(bytes)[^1].Position]);
        using (IDiskFile checkpoint = disk.OpenOrCreate($"{Node.Root}/{OffsetCheckpoint.Cleaned}"))
        {
            byte[] text = OffsetCheckpoint.Format([new(Node.Orders, new Offset(second + beyond))]);
            checkpoint.SetLength(text.Length);
            checkpoint.Write(0, text);
        }

        Assert.Equal(
            isOfCompaction,
            !LogDirectoryVerification
                .Run(disk, Node.Root)
                .Findings.Any(static finding => finding.What.Contains("the next segment begins at", StringComparison.Ordinal))
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public void A_torn_snapshot_of_producers_is_what_a_power_cut_leaves_unless_the_log_begins_at_it(int bytesKept)
    {
        CrashDisk disk = Stopped();
        string name = disk.ListFiles(Log).Last(name => name.EndsWith(LogFileNames.ProducerSnapshot, StringComparison.Ordinal));
        disk.Corrupt($"{Log}/{name}", bytes => bytes[..bytesKept]);
        LogFinding torn = Assert.Single(LogDirectoryVerification.Run(disk, Node.Root).Findings);
        Assert.Contains("Nothing is lost", torn.What, StringComparison.Ordinal);
        PartitionLog log = Opened(disk)!;
        Assert.True(Opened(Stopped())!.Producers.Snapshot().AsSpan().SequenceEqual(log.Producers.Snapshot()));

        CrashDisk later = Stopped(startsLater: true);
        name = later.ListFiles(Log).First(name => name.EndsWith(LogFileNames.ProducerSnapshot, StringComparison.Ordinal));
        Assert.Contains(LogFileNames.OfOffset(StartOf(name), LogFileNames.Log), later.ListFiles(Log));
        Assert.Empty(LogDirectoryVerification.Run(later, Node.Root).Findings);
        later.Corrupt($"{Log}/{name}", bytes => bytes[..bytesKept]);
        LogFinding lost = LogDirectoryVerification.Run(later, Node.Root).Findings.First(finding => finding.Path == $"{Log}/{name}");
        Assert.Contains("not known any more", lost.What, StringComparison.Ordinal);

        static Offset StartOf(string snapshot)
        {
            Assert.True(LogFileNames.TryParseOffset(snapshot, LogFileNames.ProducerSnapshot, out Offset offset));
            return offset;
        }
    }

    [Fact]
    public void Every_flipped_bit_of_a_segment_and_of_its_indexes_is_found()
    {
        CrashDisk sound = Stopped();
        foreach (string name in sound.ListFiles(Log).Where(name => name is not LogFileNames.PartitionMetadata))
        {
            int length = sound.BytesOf($"{Log}/{name}").Length;
            for (int at = 0; at < length; at++)
            {
                CrashDisk disk = Stopped();
                disk.Corrupt($"{Log}/{name}", bytes => Damages.Flipped(bytes, at));
                Assert.True(LogDirectoryVerification.Run(disk, Node.Root).Findings.Count > 0, $"byte {at} of {name}");
            }
        }
    }

    [Fact]
    public void A_reader_takes_no_flipped_byte_for_what_was_written()
    {
        CrashDisk sound = Stopped();
        HashSet<string> written = [.. Values(Opened(sound)!)];
        foreach (string name in sound.ListFiles(Log).Where(name => name.EndsWith(LogFileNames.Log, StringComparison.Ordinal)))
        {
            int length = sound.BytesOf($"{Log}/{name}").Length;
            for (int at = 0; at < length; at++)
            {
                CrashDisk disk = Stopped();
                disk.Corrupt($"{Log}/{name}", bytes => Damages.Flipped(bytes, at));
                if (Opened(disk) is { } log)
                {
                    Assert.Subset(written, IntactValues(log));
                }
            }
        }
    }

    /// <summary>After a clean stop only the end of an index is looked at: one that leads too far would hide what lies before.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(0x10)]
    [InlineData(0x80)]
    public void A_reader_finds_every_record_whatever_an_index_says(byte bits)
    {
        CrashDisk sound = Stopped();
        List<(long, int, string)> records = Records(Opened(sound)!);
        foreach (string name in sound.ListFiles(Log).Where(name => name.EndsWith(LogFileNames.OffsetIndex, StringComparison.Ordinal)))
        {
            int length = sound.BytesOf($"{Log}/{name}").Length;
            for (int at = 0; at < length; at++)
            {
                CrashDisk disk = Stopped();
                disk.Corrupt(
                    $"{Log}/{name}",
                    bytes =>
                    {
                        bytes[at] ^= bits;
                        return bytes;
                    }
                );
                PartitionLog log = Opened(disk)!;
                Assert.Equal(records, Records(log, maxBytes: 150));
                for (Offset from = log.StartOffset; from < log.EndOffset; from += 1)
                {
                    using LogSlice slice = log.Read(from, 1, log.EndOffset, atLeastOneBatch: true).Slice;
                    Assert.True(slice.FirstOffset <= from && slice.EndOffset > from, $"byte {at} of {name}, offset {from}");
                }
            }
        }
    }

    [Fact]
    public void A_log_that_is_empty_after_a_clean_stop_and_was_not_is_named()
    {
        foreach (bool isRemoved in (bool[])[false, true])
        {
            CrashDisk disk = Stopped();
            foreach (string name in disk.ListFiles(Log).Where(name => name.EndsWith(LogFileNames.Log, StringComparison.Ordinal)))
            {
                Damages.Do(disk, $"{Log}/{name}", _ => isRemoved ? null : []);
            }

            DiskException rejected = Assert.Throws<DiskException>(() => new Node(disk).Run().Open());
            Assert.Contains("everything below offset", rejected.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Damaged_files_let_a_node_start_or_are_named_and_a_repair_mends_them()
    {
        CrashDisk sound = Stopped();
        foreach (string path in Files(sound))
        {
            foreach ((string how, Func<byte[], byte[]?> change) in Damages.All)
            {
                CrashDisk disk = Stopped();
                if (change(disk.BytesOf(path)) is { } changed)
                {
                    disk.Corrupt(path, _ => changed);
                }
                else
                {
                    disk.DeleteFile(path);
                }

                string what = $"{path}, {how}";
                MustStartOrName(disk, path, what);
                if (path.StartsWith(Log, StringComparison.Ordinal))
                {
                    MustBeMendable(what, path, change);
                }
            }
        }
    }

    [Fact]
    public void A_repair_that_takes_flushed_records_marks_the_replica_as_lost()
    {
        CrashDisk disk = Stopped();
        disk.Corrupt($"{Log}/{LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log)}", bytes => Damages.Flipped(bytes, 80));
        IReadOnlyList<string> done = Repair(disk);
        Assert.Contains(done, line => line.Contains("counts as lost", StringComparison.Ordinal));
        Assert.True(disk.FileExists($"{Log}/{LogFileNames.LostMark}"));
        Assert.False(disk.FileExists($"{Node.Root}/{CleanShutdownFile.Name}"));
        PartitionLog log = Opened(disk)!;
        Assert.Equal(["value 0"], Values(log));
    }

    [Fact]
    public void A_repair_that_only_makes_indexes_anew_loses_nothing()
    {
        foreach (string suffix in (string[])[LogFileNames.OffsetIndex, LogFileNames.TimeIndex, LogFileNames.TransactionIndex])
        {
            CrashDisk disk = Stopped();
            PartitionLog before = Opened(Stopped())!;
            string name = disk.ListFiles(Log)
                .First(name => name.EndsWith(suffix, StringComparison.Ordinal) && disk.BytesOf($"{Log}/{name}").Length > 0);
            disk.Corrupt($"{Log}/{name}", bytes => Damages.Flipped(bytes, bytes.Length - 1));
            Repair(disk);
            Assert.False(disk.FileExists($"{Log}/{LogFileNames.LostMark}"));
            PartitionLog log = Opened(disk)!;
            Assert.Equal(before.AbortedTransactions(Offset.Zero, before.EndOffset), log.AbortedTransactions(Offset.Zero, log.EndOffset));
            Assert.Equal(Values(before), Values(log));
            Assert.Equal(before.FindByTimestamp(Now + 9), log.FindByTimestamp(Now + 9));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_transaction_index_that_is_gone_after_a_clean_stop_is_made_anew(bool isRemoved)
    {
        PartitionLog before = Opened(Stopped())!;
        string[] names =
        [
            .. Stopped().ListFiles(Log).Where(name => name.EndsWith(LogFileNames.TransactionIndex, StringComparison.Ordinal)),
        ];
        Assert.NotEmpty(names);
        foreach (string name in names)
        {
            CrashDisk disk = Stopped();
            if (isRemoved)
            {
                disk.DeleteFile($"{Log}/{name}");
            }
            else
            {
                disk.Corrupt($"{Log}/{name}", bytes => bytes[..^TransactionIndex.EntrySize]);
            }

            PartitionLog log = Opened(disk)!;
            Assert.Equal(before.AbortedTransactions(Offset.Zero, before.EndOffset), log.AbortedTransactions(Offset.Zero, log.EndOffset));
            Assert.Equal(Values(before), Values(log));
        }
    }

    [Fact]
    public void A_directory_in_use_is_left_alone()
    {
        Node node = new Node().Run();
        node.Create();
        Assert.Throws<LogDirectoryException>(() => LogDirectoryVerification.Run(node.Disk, Node.Root));
        Assert.Throws<LogDirectoryException>(() => LogDirectoryVerification.Run(node.Disk, "/nowhere"));
    }

    /// <summary>
    /// Four segments with three epochs, a committed and two aborted transactions, an open one, and an idempotent producer.
    /// </summary>
    /// <param name="startsLater">The first segments were removed.</param>
    private static CrashDisk Stopped(bool startsLater = false)
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(new LogSettings { SegmentBytes = 700, IndexIntervalBytes = 100 });
        ProducerStamp idempotent = new(new ProducerId(7), new ProducerEpoch(0), 0);
        for (int i = 0; i < 20; i++)
        {
            LeaderEpoch epoch = new(i / 7);
            log.AppendAsLeader(
                With(idempotent with { BaseSequence = i }, Protocol.Compression.CompressionType.None, false, Now + i, $"value {i}"),
                epoch,
                AppendSettings.Default,
                Now
            );
            if (i % 6 == 2)
            {
                log.AppendAsLeader(
                    Transactional(Writer with { BaseSequence = i / 6 }, $"in transaction {i}"),
                    epoch,
                    AppendSettings.Default,
                    Now
                );
            }

            if (i % 6 == 4)
            {
                log.AppendBuilt(Marker(i == 10 ? ControlRecordType.Commit : ControlRecordType.Abort, Writer, 0, Now + i), epoch, Now);
            }
        }

        log.SetHighWatermark(log.EndOffset);
        node.Flush();
        if (startsLater)
        {
            log.AdvanceStart(log.Segments[2].BaseOffset);
            node.Flush();
            log.OnFlushed();
            Assert.True(log.Segments[0].BaseOffset > Offset.Zero);
        }

        node.WriteCheckpoints();
        node.Close();
        return node.Disk;
    }

    /// <summary>The batches of a segment, and where they begin.</summary>
    private static List<(int Position, Offset Base)> BatchesOf(byte[] segment)
    {
        List<(int Position, Offset Base)> batches = [];
        int position = 0;
        foreach (RecordBatch batch in new RecordBatches(segment))
        {
            batches.Add((position, batch.BaseOffset));
            position += batch.Bytes.Length;
        }

        return batches;
    }

    /// <summary>A leader's log of which compaction has left little, with gaps within and between segments.</summary>
    private static CleanedLog Compacted()
    {
        CleanedLog leader = new();
        for (int i = 0; i < 60; i++)
        {
            leader.Put($"k{i % 7}", $"value {i}", Now + i);
            if (i % 10 == 9)
            {
                leader
                    .Transactional(Writer with { BaseSequence = i / 10 }, $"t{i % 3}", $"in transaction {i}")
                    .End(Writer, i % 20 == 9 ? ControlRecordType.Abort : ControlRecordType.Commit)
                    .Roll();
            }

            if (i == 40)
            {
                leader.Clean();
            }
        }

        leader.Clean();
        leader.Put("k1", "another").Put("k2", "another").Roll().Put("k3", "the last");
        leader.Clean();
        return leader;
    }

    /// <summary>A follower that has fetched all of a leader's log, in the middle of a run.</summary>
    private static Node Copy(CleanedLog leader, int segmentBytes)
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(new LogSettings { SegmentBytes = segmentBytes, IndexIntervalBytes = 100 });
        while (log.EndOffset < leader.Log.EndOffset)
        {
            using LogSlice slice = leader.Log.Read(log.EndOffset, 500, leader.Log.EndOffset, atLeastOneBatch: true).Slice;
            byte[] bytes = new byte[slice.Length];
            Assert.True(log.AppendAsFollower(bytes.AsMemory(0, slice.Read(bytes)), new LeaderEpoch(0), Now).IsAccepted);
        }

        node.Flush();
        log.SetHighWatermark(log.EndOffset);
        node.WriteCheckpoints();
        return node;
    }

    private static IEnumerable<string> Files(CrashDisk disk) =>
        [.. disk.ListFiles(Node.Root).Select(name => $"{Node.Root}/{name}"), .. disk.ListFiles(Log).Select(name => $"{Log}/{name}")];

    private static PartitionLog? Opened(CrashDisk disk)
    {
        try
        {
            return new Node(disk).Run().Open(new LogSettings { SegmentBytes = 700, IndexIntervalBytes = 100 });
        }
        catch (Exception rejected) when (rejected is DiskException or LogDirectoryException)
        {
            return null;
        }
    }

    private static void MustStartOrName(CrashDisk disk, string path, string what)
    {
        try
        {
            Node node = new Node(disk).Run();
            PartitionLog log = node.Open(new LogSettings { SegmentBytes = 700, IndexIntervalBytes = 100 });
            IntactValues(log);
            Assert.True(log.AppendAsLeader(Of("goes on"), new LeaderEpoch(9), AppendSettings.Default, Now).IsAccepted, what);
        }
        catch (Exception rejected) when (rejected is DiskException or LogDirectoryException)
        {
            Assert.Contains(path.StartsWith(Log, StringComparison.Ordinal) ? Log : Path.GetFileName(path), rejected.Message);
        }
    }

    private static void MustBeMendable(string what, string path, Func<byte[], byte[]?> change)
    {
        CrashDisk disk = Stopped();
        byte[]? changed = change(disk.BytesOf(path));
        if (changed is null)
        {
            disk.DeleteFile(path);
        }
        else
        {
            disk.Corrupt(path, _ => changed);
        }

        Repair(disk);
        IReadOnlyList<LogFinding> left = LogDirectoryVerification.Run(disk, Node.Root).Findings;
        Assert.All(left, finding => Assert.True(finding.Repair is LogRepairKind.None or LogRepairKind.Scan, $"{what}: {finding}"));
        PartitionLog? log = Opened(disk);
        Assert.True(log is not null, what);
        Assert.True(log.AppendAsLeader(Of("goes on"), new LeaderEpoch(9), AppendSettings.Default, Now).IsAccepted, what);
    }

    private static IReadOnlyList<string> Repair(CrashDisk disk)
    {
        IReadOnlyList<LogFinding> findings = LogDirectoryVerification.Run(disk, Node.Root).Findings;
        return new LogDirectoryRepair(disk, Node.Root).RunAsync(findings).AsTask().GetAwaiter().GetResult();
    }
}
