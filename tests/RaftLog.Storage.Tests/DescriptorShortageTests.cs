using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>
/// A process that has no descriptor left is no failed disk: what can be put off is, what must be done waits, and the log directory stays in
/// use.
/// </summary>
public class DescriptorShortageTests
{
    private static readonly LeaderEpoch Epoch = new(0);
    private static readonly ProducerStamp Writer = new(new ProducerId(7), new ProducerEpoch(0), 0);

    private readonly CrashDisk _power = new();
    private readonly FailingDisk _disk;
    private readonly ManualTime _time = new();
    private readonly List<DiskException> _rejected = [];

    public DescriptorShortageTests() => _disk = new FailingDisk(_power);

    [Fact]
    public void A_full_segment_goes_on_growing_until_another_can_be_made()
    {
        Node node = Start(_disk);
        PartitionLog log = node.Create();
        Append(log, "a");
        node.Flush();
        _disk.HasNoDescriptors = true;
        for (int i = 0; i < 30; i++)
        {
            Assert.Equal(ErrorCode.None, Append(log, $"record {i} with some length to it").Error);
        }

        Assert.Single(log.Segments);
        Assert.NotEmpty(_rejected);
        _disk.HasNoDescriptors = false;
        Append(log, "b");
        Assert.Equal(2, log.Segments.Length);
        node.Flush();
        Assert.Equal(log.EndOffset, log.FlushedTo);
        Assert.False(node.Directory.Health.IsOffline);

        Node after = node.LosePower(static _ => 0);
        Assert.Equal(32, Values(after.Open()).Count);
    }

    [Fact]
    public void A_roll_that_retention_asks_for_is_put_off()
    {
        Node node = Start(_disk);
        PartitionLog log = node.Create();
        Append(log, "a");
        node.Flush();
        _disk.HasNoDescriptors = true;
        log.Roll(Now);
        Assert.Single(log.Segments);
        Assert.False(node.Directory.Health.IsOffline);

        _disk.HasNoDescriptors = false;
        log.Roll(Now);
        Assert.Equal(2, log.Segments.Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Checkpoints_are_put_off_and_flushes_go_on(bool forDirectoriesOnly)
    {
        Node node = Start(_disk);
        PartitionLog log = node.Create();
        node.WriteCheckpoints();
        Append(log, "a");
        node.Flush();
        log.SetHighWatermark(new Offset(1));
        _disk.HasNoDescriptors = !forDirectoriesOnly;
        _disk.HasNoneForDirectories = forDirectoriesOnly;
        node.WriteCheckpoints();
        Append(log, "b");
        node.Flush();
        Assert.Equal(new Offset(2), log.FlushedTo);
        Assert.NotEmpty(_rejected);
        Assert.False(node.Directory.Health.IsOffline);

        _disk.HasNoDescriptors = false;
        _disk.HasNoneForDirectories = false;
        node.WriteCheckpoints();
        Assert.Contains("orders 0 1", Checkpoint(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_abort_that_finds_no_descriptor_for_its_index_is_rejected_and_leaves_the_log_as_it_was()
    {
        Node node = Start(_disk);
        PartitionLog log = node.Create();
        log.AppendAsLeader(Transactional(Writer, "x"), Epoch, AppendSettings.Default, Now);
        node.Flush();
        _disk.HasNoDescriptors = true;
        Assert.Equal(ErrorCode.KafkaStorageError, log.AppendBuilt(Marker(ControlRecordType.Abort, Writer, 0), Epoch, Now).Error);
        Assert.Equal(new Offset(1), log.EndOffset);
        Assert.False(node.Directory.Health.IsOffline);

        _disk.HasNoDescriptors = false;
        Assert.Equal(ErrorCode.None, log.AppendBuilt(Marker(ControlRecordType.Abort, Writer, 0), Epoch, Now).Error);
        Assert.Single(log.AbortedTransactions(Offset.Zero, new Offset(2)));
    }

    [Fact]
    public void New_names_count_when_their_directory_can_be_flushed()
    {
        List<DiskException> said = [];
        Node node = Start(new DescriptorCache(_disk, new DescriptorShortage(_time, said.Add)));
        PartitionLog log = node.Create();
        node.Flush();
        Append(log, "a");
        log.Roll(Now);
        Append(log, "b");
        _disk.HasNoDescriptors = true;
        Wait(node, 10);
        Assert.Equal(new Offset(0), log.FlushedTo);
        Assert.Single(said);
        Assert.False(node.Directory.Health.IsOffline);

        _disk.HasNoDescriptors = false;
        Wait(node, 1);
        Assert.Equal(new Offset(2), log.FlushedTo);
    }

    [Fact]
    public void A_truncation_waits_until_the_checkpoints_before_it_can_be_written()
    {
        Node node = Start(new DescriptorCache(_disk, new DescriptorShortage(_time, static _ => { })));
        PartitionLog log = node.Create();
        Append(log, "a");
        Append(log, "b");
        node.Flush();
        log.SetHighWatermark(new Offset(2));
        node.WriteCheckpoints();
        _disk.HasNoDescriptors = true;
        Task prepared = node.Pump.Start(() => node.Directory.PrepareTruncationAsync(log, new Offset(1)).AsTask());
        Wait(node, 10);
        Assert.False(prepared.IsCompleted);
        Assert.False(node.Directory.Health.IsOffline);

        _disk.HasNoDescriptors = false;
        Wait(node, 1);
        Assert.True(prepared.IsCompletedSuccessfully);
        log.TruncateTo(new Offset(1));
        Assert.Equal(new Offset(1), log.EndOffset);
    }

    [Fact]
    public void A_truncation_waits_until_there_are_descriptors_for_what_it_changes()
    {
        Node node = Start(new DescriptorCache(_disk, new DescriptorShortage(_time, static _ => { })));
        PartitionLog log = node.Create();
        Append(log, "a");
        Append(log, "b");
        node.Flush();
        _disk.HasNoDescriptors = true;
        Task truncated = node.Pump.Start(async () =>
        {
            await node.Directory.PrepareTruncationAsync(log, new Offset(1));
            log.TruncateTo(new Offset(1));
        });
        Wait(node, 10);
        Assert.False(node.Directory.Health.IsOffline);
        Assert.Equal(new Offset(2), log.EndOffset);

        _disk.HasNoDescriptors = false;
        Wait(node, 1);
        Assert.True(truncated.IsCompletedSuccessfully);
        Assert.Equal(new Offset(1), log.EndOffset);
        Assert.False(node.Directory.Health.IsOffline);
    }

    [Fact]
    public void A_clean_stop_waits_until_there_are_descriptors_for_what_it_writes()
    {
        Node node = Start(new DescriptorCache(_disk, new DescriptorShortage(_time, static _ => { })));
        PartitionLog log = node.Create();
        for (int i = 0; i < 6; i++)
        {
            // Enough for entries of the indexes, which a clean stop writes.
            Append(log, $"record {i} with some length to it");
        }

        node.Flush();
        _disk.HasNoDescriptors = true;
        Task closed = node.Pump.Start(() => node.Directory.CloseAsync(new BrokerEpoch(5)).AsTask());
        Wait(node, 10);
        Assert.False(closed.IsCompleted);
        Assert.False(node.Directory.Health.IsOffline);

        _disk.HasNoDescriptors = false;
        Wait(node, 10);
        Assert.True(closed.IsCompletedSuccessfully);
        Assert.False(node.Directory.Health.IsOffline);
        Assert.True(_power.FileExists($"{Node.Root}/{CleanShutdownFile.Name}"));
    }

    [Fact]
    public void The_election_state_waits_for_a_descriptor()
    {
        DescriptorShortage shortage = new(_time, static _ => { });
        DescriptorCache cache = new(_disk, shortage);
        cache.CreateDirectory("/quorum");
        QuorumStateFile file = new(cache, "/quorum");
        Pump pump = new();
        _disk.HasNoDescriptors = true;
        Task written = pump.Start(() =>
            file.WriteAsync(
                    new QuorumState(new LeaderEpoch(3), new NodeId(1), NodeId.None, Uuid.Zero, [new NodeId(1)]),
                    QuorumStateVersion.StaticVoters
                )
                .AsTask()
        );
        _time.Advance(TimeSpan.FromSeconds(1));
        pump.Drain();
        Assert.False(written.IsCompleted);

        _disk.HasNoDescriptors = false;
        _time.Advance(TimeSpan.FromSeconds(1));
        pump.Drain();
        Assert.True(written.IsCompletedSuccessfully);
        Assert.Equal(new LeaderEpoch(3), file.Read()!.Epoch);
    }

    [Fact]
    public void Nothing_waits_any_more_once_the_node_stops()
    {
        DescriptorShortage shortage = new(_time, static _ => { });
        DescriptorCache cache = new(_disk, shortage);
        cache.CreateDirectory("/quorum");
        Pump pump = new();
        _disk.HasNoDescriptors = true;
        Task flush = pump.Start(() => cache.FlushDirectoryAsync("/quorum").AsTask());
        Assert.False(flush.IsCompleted);
        shortage.Stop();
        pump.Drain();
        Assert.Equal(DiskErrorKind.NoDescriptors, Assert.IsType<DiskException>(flush.Exception!.InnerException).Kind);
    }

    /// <summary>What each log has in memory goes into files that keep their descriptors until they are flushed.</summary>
    [Fact]
    public void More_logs_than_the_process_can_have_the_files_of_open_are_stopped_in_order()
    {
        FailingDisk few = new(_power) { DescriptorLimit = 64 };
        Node node = Start(new DescriptorCache(few, new DescriptorShortage(_time, static _ => { })));
        for (int i = 0; i < 100; i++)
        {
            PartitionLog log = node.Directory.Create(new TopicPartition("many", i), new Uuid(3, (ulong)i), Node.Small);
            for (int record = 0; record < 4; record++)
            {
                Append(log, $"record {record} with some length to it");
            }

            node.Flush();
        }

        node.Close();
        Assert.Empty(_rejected);
        Assert.True(new Node(_power).Directory.WasClean);
    }

    private Node Start(IDisk through)
    {
        Node node = new(_power, through, _time);
        node.Directory.Health.Rejected += _rejected.Add;
        return node.Run();
    }

    private void Wait(Node node, int rounds)
    {
        for (int i = 0; i < rounds; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            node.Pump.Drain();
        }
    }

    private string Checkpoint() => System.Text.Encoding.UTF8.GetString(_power.BytesOf($"{Node.Root}/recovery-point-offset-checkpoint"));

    private static AppendResult Append(PartitionLog log, string value) => log.AppendAsLeader(Of(value), Epoch, AppendSettings.Default, Now);
}
