using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage.Tests;

/// <summary>
/// Many logs are made, checkpointed, closed and recovered with a few flushes for all; what each was promised holds as for one.
/// </summary>
public sealed class ManyLogsTests
{
    private const int Count = 20;

    private readonly Node _node = new Node().Run();

    [Fact]
    public void New_logs_have_durable_names_when_they_are_there()
    {
        Create();
        Node next = _node.LosePower(static _ => 0);
        Assert.Equal(Count, next.Directory.Stored().Count);
        OpenAll(next);
        Assert.All(next.Directory.Logs, log => Assert.Equal(IdOf(log.Partition.Partition), log.TopicId));
    }

    [Fact]
    public void A_clean_stop_of_logs_that_were_not_written_to_since_the_last_leaves_their_files_alone()
    {
        IReadOnlyList<PartitionLog> logs = Create();
        foreach (PartitionLog log in logs)
        {
            log.BeginEpoch(new LeaderEpoch(3));
            Append(log, "a");
        }

        Node next = _node.Restart();
        string[] marked = [.. logs.Select(static log => $"{log.Path}/{LogFileNames.LeaderEpochs}")];
        OpenAll(next);

        // Still what the file says, and not how it is written.
        Array.ForEach(marked, path => Mark(next, path));
        next = next.Restart();
        Assert.All(marked, path => Assert.True(IsMarked(next, path)));
        Assert.All(
            logs,
            log => Assert.DoesNotContain(next.Disk.ListFiles(log.Path), static name => name.EndsWith(".snapshot", StringComparison.Ordinal))
        );
        OpenAll(next);
        Assert.All(next.Directory.Logs, static log => Assert.Equal(new LeaderEpoch(3), log.Epochs.Latest));
    }

    private static void Mark(Node node, string path)
    {
        using RaftLog.Platform.IDiskFile file = node.Disk.OpenExisting(path)!;
        file.Write(file.Length, "\n"u8);
        node.Pump.Finish(() => node.Disk.FlushAsync([file]));
    }

    private static bool IsMarked(Node node, string path)
    {
        using RaftLog.Platform.IDiskFile file = node.Disk.OpenExisting(path)!;
        byte[] end = new byte[2];
        return file.Read(file.Length - 2, end) == 2 && end.AsSpan().SequenceEqual("\n\n"u8);
    }

    [Fact]
    public void A_new_log_has_two_files_and_indexes_come_with_their_first_entry()
    {
        PartitionLog log = Create()[0];
        Assert.Equal(["00000000000000000000.log", "partition.metadata"], _node.Disk.ListFiles(log.Path));
        Append(log, "a");
        Assert.DoesNotContain(_node.Disk.ListFiles(log.Path), name => name.EndsWith("index", StringComparison.Ordinal));
        Node next = _node.Restart();
        OpenAll(next);
        PartitionLog again = next.Directory.Find(log.Partition)!;
        Assert.Equal(["a"], Batches.Values(again));
        for (int i = 0; again.Segments.Length == 1; i++)
        {
            Append(again, $"{i}");
        }

        Assert.Contains("00000000000000000000.index", next.Disk.ListFiles(log.Path));
        Assert.Contains("00000000000000000000.timeindex", next.Disk.ListFiles(log.Path));
    }

    [Fact]
    public void Their_leader_epochs_are_durable_before_the_recovery_points_that_rest_on_them()
    {
        foreach (PartitionLog log in Create())
        {
            log.BeginEpoch(new LeaderEpoch(3));
            Append(log, "a");
            _node.Flush();
            log.SetHighWatermark(new Offset(1));
        }

        _node.WriteCheckpoints();
        Node next = _node.LosePower(static _ => 0);
        OpenAll(next);
        Assert.All(
            next.Directory.Logs,
            log =>
            {
                Assert.Equal(new Offset(1), log.Recovery.RecoveryPoint);
                Assert.Equal(new LeaderEpoch(3), log.Epochs.Latest);
            }
        );
    }

    [Fact]
    public void A_clean_stop_leaves_nothing_to_be_lost()
    {
        foreach (PartitionLog log in Create())
        {
            Append(log, $"{log.Partition.Partition}");
        }

        _node.Close();
        Node next = _node.LosePower(static _ => 0);
        OpenAll(next);
        Assert.True(next.Directory.WasClean);
        Assert.All(next.Directory.Logs, log => Assert.Equal([$"{log.Partition.Partition}"], Batches.Values(log)));
    }

    /// <summary>What an attempt to make a log has left behind is in nobody's way; a log with records is.</summary>
    [Fact]
    public void A_log_is_made_where_an_unfinished_one_lies_and_not_over_records()
    {
        string path = $"{Node.Root}/{Node.Orders}";
        _node.Disk.CreateDirectory(path);
        _node.Disk.OpenOrCreate($"{path}/00000000000000000000.log").Dispose();
        Assert.NotNull(MadeIn(_node).Log);

        Node other = new Node().Run();
        other.Disk.CreateDirectory(path);
        using (Platform.IDiskFile file = other.Disk.OpenOrCreate($"{path}/00000000000000000000.log"))
        {
            file.Write(0, Batches.Of("a").Span);
        }

        CreatedLog rejected = MadeIn(other);
        Assert.Null(rejected.Log);
        Assert.Contains("still in its place", rejected.Failure!.Message);

        static CreatedLog MadeIn(Node node) =>
            Assert.Single(node.Pump.Finish(() => node.Directory.CreateAsync([new NewLog(Node.Orders, Node.OrdersId, Node.Small)])));
    }

    /// <summary>With ten thousand logs a flush for each would be most of a start.</summary>
    [Fact]
    public void A_start_after_a_clean_stop_flushes_no_log()
    {
        foreach (PartitionLog log in Create())
        {
            Append(log, "a");
        }

        _node.Close();
        Node next = new Node(_node.Disk).Run();
        next.Disk.Flushes.Clear();
        OpenAll(next);
        Assert.Empty(next.Disk.Flushes);
    }

    [Fact]
    public void What_recovery_has_found_is_on_the_disk()
    {
        IReadOnlyList<PartitionLog> logs = Create();
        _node.Disk.HeldFlush = new TaskCompletionSource();
        foreach (PartitionLog log in logs)
        {
            Append(log, "a");
        }

        // The process dies with bytes that only the page cache has; a power cut comes after the next one has shown them.
        _node.Disk.KillProcess();
        Node second = new Node(_node.Disk).Run();
        OpenAll(second);
        Assert.All(second.Directory.Logs, log => Assert.Equal(new Offset(1), log.FlushedTo));
        Node third = second.LosePower(static _ => 0);
        OpenAll(third);
        Assert.All(third.Directory.Logs, log => Assert.Equal(["a"], Batches.Values(log)));
    }

    [Fact]
    public void What_recovery_has_written_anew_is_on_the_disk()
    {
        PartitionLog log = Create()[0];
        ProducerStamp writer = new(new ProducerId(7), new ProducerEpoch(0), 0);
        log.AppendAsLeader(Batches.Transactional(writer, "a"), new LeaderEpoch(0), AppendSettings.Default, Batches.Now);
        log.AppendBuilt(Batches.Marker(ControlRecordType.Abort, writer, 0), new LeaderEpoch(0), Batches.Now);
        log.SetHighWatermark(log.EndOffset);
        _node.Flush();
        AbortedTransaction[] aborted = [.. log.AbortedTransactions(Offset.Zero, log.EndOffset)];
        Assert.Single(aborted);

        // Recovery makes the index of aborted transactions anew, of a log of which everything was flushed.
        _node.Disk.KillProcess();
        Node second = new Node(_node.Disk).Run();
        OpenAll(second);

        Assert.Equal(aborted, second.Directory.Find(log.Partition)!.AbortedTransactions(Offset.Zero, new Offset(2)));
        Assert.Equal(0, second.Disk.UnflushedChanges);
    }

    private static Uuid IdOf(int partition) => new(5, (ulong)partition + 1);

    private static void OpenAll(Node node) => node.Pump.Finish(() => node.Directory.OpenAllAsync(Node.Small));

    private IReadOnlyList<PartitionLog> Create() =>
        [
            .. _node
                .Pump.Finish(() =>
                    _node.Directory.CreateAsync([
                        .. Enumerable
                            .Range(0, Count)
                            .Select(partition => new NewLog(new TopicPartition("many", partition), IdOf(partition), Node.Small)),
                    ])
                )
                .Select(each => each.Log!),
        ];

    private void Append(PartitionLog log, string value) =>
        Assert.True(log.AppendAsLeader(Batches.Of(value), new LeaderEpoch(3), AppendSettings.Default, Batches.Now).IsAccepted);
}
