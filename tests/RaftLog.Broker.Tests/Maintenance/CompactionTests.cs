using System.Text;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Maintenance;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Runtime;
using RaftLog.Broker.Tests.Partitions;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Tests.Maintenance;

public sealed class CompactionTests : IDisposable
{
    private const string LogPath = "/data/node.log";
    private const int SetAsideMinutes = 10;

    private readonly TestCluster _cluster = new(1) { Cleaning = CleaningSettings.Default with { MinDirtyRatio = 0 } };

    private TestNode A => _cluster.Nodes[0];

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void A_log_that_cannot_be_compacted_is_set_aside_and_reported_and_tried_again_while_others_go_on()
    {
        _cluster.Create("orders", TestCluster.OrdersId, 2, 0);
        _cluster.TellAll();
        Partition damaged = Partition(0);
        Partition sound = Partition(1);
        Fill(damaged, records: 3, valueBytes: 1);
        Fill(sound, records: 3, valueBytes: 1);
        string file = $"{damaged.Log.Path}/{0:D20}.log";
        byte[] whole = A.Disk.BytesOf(file);
        A.Disk.Corrupt(file, static bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]);

        Start(new CleanerSettings(true, 1, 1 << 20, 0.9, BackoffMs: 10, double.MaxValue));
        _cluster.Advance(300);
        Assert.Equal((Offset.Zero, 1), (damaged.Log.CleanedTo, Batches.Values(sound.Log).Count));
        Assert.Equal(2, NodeLog().Split("orders-0 cannot be compacted").Length);

        A.Disk.Corrupt(file, _ => whole);
        _cluster.Advance(300);
        Assert.Equal(3, Batches.Values(damaged.Log).Count);
        _cluster.Time.Advance(TimeSpan.FromMinutes(SetAsideMinutes));
        _cluster.Pump.Drain();
        _cluster.Advance(100);
        Assert.Single(Batches.Values(damaged.Log));
    }

    /// <summary>Two cleaners share <c>log.cleaner.io.max.bytes.per.second</c>: 20 KB are read twice at 1 KB a second.</summary>
    [Fact]
    public void All_cleaners_together_keep_to_the_rate()
    {
        _cluster.CreateOrders(0);
        Fill(A.Orders, records: 20, valueBytes: 1000);
        Start(new CleanerSettings(true, 2, 1 << 20, 0.9, BackoffMs: 10, BytesPerSecond: 2000));
        Pass(seconds: 35);
        Assert.Equal(20, Batches.Values(A.Orders.Log).Count);
        Pass(seconds: 30);
        Assert.Single(Batches.Values(A.Orders.Log));
    }

    [Fact]
    public void Nothing_is_compacted_where_the_cleaner_is_switched_off()
    {
        _cluster.CreateOrders(0);
        Fill(A.Orders, records: 3, valueBytes: 1);
        Start(new CleanerSettings(false, 1, 1 << 20, 0.9, BackoffMs: 10, double.MaxValue));
        _cluster.Advance(300);
        Assert.Equal(3, Batches.Values(A.Orders.Log).Count);
    }

    private Partition Partition(int index) => A.Table.Find(new TopicPartition("orders", index))!;

    private string NodeLog() => A.Disk.FileExists(LogPath) ? Encoding.UTF8.GetString(A.Disk.BytesOf(LogPath)) : "";

    private void Pass(int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            _cluster.Time.Advance(TimeSpan.FromSeconds(1));
            _cluster.Pump.Drain();
        }
    }

    private void Start(CleanerSettings cleaner)
    {
        LogMaintenanceSettings settings = new(1000, 1000, 1000, cleaner);
        NodeContext node = new(
            null!,
            new World(_cluster.Time, A.Disk, _cluster.Network, new SystemEntropy(), A.Process),
            new NodeLog(A.Disk, _cluster.Time, LogPath),
            A.Waiters,
            new Supervisor(A.Process),
            null!
        );
        Compaction compaction = new(() => A.Table.All, () => settings, node);
        _cluster.Pump.Start(() =>
        {
            compaction.Start();
            return 0;
        });
    }

    /// <summary>Records of one key, all of them flushed and committed, before the segment that is appended to.</summary>
    private void Fill(Partition partition, int records, int valueBytes)
    {
        for (int i = 0; i < records; i++)
        {
            using RecordBatchBuilder batch = new(new RecordBatchOptions(1 << 16, CompressionType.None));
            batch.TryAppend(_cluster.Time.GetUtcNow().ToUnixTimeMilliseconds(), new byte[] { 1 }, new byte[valueBytes]);
            WakeList wakes = new();
            Assert.Equal(ErrorCode.None, partition.Append(batch.Seal().ToArray(), RequiredAcks.Leader, wakes).Error);
            wakes.WakeAll();
        }

        _cluster.Advance(5);
        partition.Log.Roll(_cluster.Time.GetUtcNow().ToUnixTimeMilliseconds());
        _cluster.Advance(5);
    }
}
