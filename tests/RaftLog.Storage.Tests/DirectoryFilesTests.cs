using System.Text;
using RaftLog.Protocol;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

public class DirectoryFilesTests
{
    [Fact]
    public void A_new_leadership_without_records_is_not_written_and_one_with_records_is()
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create();
        log.AppendAsLeader(Of("a"), new LeaderEpoch(0), AppendSettings.Default, Now);
        node.Flush();
        node = node.Restart();
        log = node.Open();
        log.BeginEpoch(new LeaderEpoch(1));
        node.WriteCheckpoints();
        Assert.Equal("0\n1\n0 0\n", Encoding.UTF8.GetString(node.Disk.BytesOf($"{log.Path}/leader-epoch-checkpoint")));

        log.AppendAsLeader(Of("b"), new LeaderEpoch(1), AppendSettings.Default, Now);
        node.Flush();
        node.WriteCheckpoints();
        Assert.Equal("0\n2\n0 0\n1 1\n", Encoding.UTF8.GetString(node.Disk.BytesOf($"{log.Path}/leader-epoch-checkpoint")));
    }

    private readonly CrashDisk _disk = new();
    private readonly Pump _pump = new();

    public DirectoryFilesTests() => _disk.CreateDirectory(Node.Root);

    [Fact]
    public void Meta_properties_are_read_back_and_as_Kafka_writes_them()
    {
        Assert.Null(MetaProperties.Read(_disk, Node.Root));
        var meta = new MetaProperties("3hscxCeMTUeQ3rQzojUimQ", new NodeId(7), new Uuid(3, 4));
        _pump.Finish(() => meta.WriteAsync(_disk, Node.Root));
        Assert.Equal(meta, MetaProperties.Read(_disk, Node.Root));

        Write(
            "meta.properties",
            "#\n#Sat Nov 21 07:57:02 UTC 2026\nnode.id=1\ndirectory.id=mlwWTtiM4vmU5pDpUsEPUw\nversion=1\ncluster.id=a\\:b\n"
        );
        MetaProperties read = MetaProperties.Read(_disk, Node.Root)!;
        Assert.Equal(("a:b", new NodeId(1), "mlwWTtiM4vmU5pDpUsEPUw"), (read.ClusterId, read.NodeId, read.DirectoryId.ToString()));
    }

    [Fact]
    public void Meta_properties_that_cannot_be_used_say_which_key_is_wrong()
    {
        foreach (
            (string text, string key) in ((string, string)[])
                [
                    ("", "version"),
                    ("version=0\nbroker.id=1\n", "version=0"),
                    ("version=1\ncluster.id=c\n", "node.id"),
                    ("version=1\nnode.id=x\ncluster.id=c", "node.id=x"),
                    ("version=1\nnode.id=1", "cluster.id"),
                    ("version=1\nnode.id=1\ncluster.id=c\ndirectory.id=short", "directory.id=short"),
                ]
        )
        {
            Write("meta.properties", text);
            Assert.Contains(key, Assert.Throws<LogDirectoryException>(() => MetaProperties.Read(_disk, Node.Root)).Message);
        }
    }

    [Fact]
    public void Offset_checkpoints_are_Kafkas_text()
    {
        Assert.Equal("0\n1\ntx 0 147\n"u8, OffsetCheckpoint.Format([new(new TopicPartition("tx", 0), new Offset(147))]));
        Assert.Equal(new Offset(147), OffsetCheckpoint.Parse("0\n1\ntx 0 147\n"u8)![new TopicPartition("tx", 0)]);
        Assert.Empty(OffsetCheckpoint.Parse([])!);
        Assert.Null(OffsetCheckpoint.Parse("0\n2\ntx 0 147\n"u8));
        Assert.Null(OffsetCheckpoint.Parse("0\n1\ntx 0 -1\n"u8));
        Assert.Null(OffsetCheckpoint.Parse("0\n1\ntx 0\n"u8));
    }

    [Fact]
    public void The_marker_of_a_clean_stop_carries_the_broker_epoch()
    {
        Assert.Null(CleanShutdownFile.Read(_disk, Node.Root));
        _pump.Finish(() => CleanShutdownFile.WriteAsync(_disk, Node.Root, new BrokerEpoch(248)));
        Assert.Equal("""{"version":0,"brokerEpoch":248}""", Encoding.UTF8.GetString(_disk.BytesOf($"{Node.Root}/.kafka_cleanshutdown")));
        Assert.Equal(new BrokerEpoch(248), CleanShutdownFile.Read(_disk, Node.Root));
        Write(".kafka_cleanshutdown", "");
        Assert.Equal(BrokerEpoch.None, CleanShutdownFile.Read(_disk, Node.Root));
    }

    [Fact]
    public void Partition_metadata_is_Kafkas_text()
    {
        Assert.True(Uuid.TryParse("Y36NqzXhSR-TtPSEpSfGAw", out Uuid id));
        PartitionMetadataFile.Write(_disk, Node.Root, id).Dispose();
        Assert.Equal(
            "version: 0\ntopic_id: Y36NqzXhSR-TtPSEpSfGAw",
            Encoding.UTF8.GetString(_disk.BytesOf($"{Node.Root}/partition.metadata"))
        );
        Assert.Equal(id, PartitionMetadataFile.Read(_disk, Node.Root));
        Write("partition.metadata", "");
        Assert.Equal(Uuid.Zero, PartitionMetadataFile.Read(_disk, Node.Root));
    }

    [Fact]
    public void Checkpoints_are_written_every_five_seconds_and_only_when_something_changed()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        log.AppendAsLeader(Batches.Of("a"), new LeaderEpoch(0), AppendSettings.Default, Batches.Now);
        node.Flush();
        log.SetHighWatermark(new Offset(1));
        node.WriteCheckpoints();
        Assert.Equal("0\n1\norders 0 1\n", Encoding.UTF8.GetString(node.Disk.BytesOf($"{Node.Root}/replication-offset-checkpoint")));
        Assert.Equal("0\n1\norders 0 1\n", Encoding.UTF8.GetString(node.Disk.BytesOf($"{Node.Root}/recovery-point-offset-checkpoint")));
        Assert.Equal("0\n0\n", Encoding.UTF8.GetString(node.Disk.BytesOf($"{Node.Root}/log-start-offset-checkpoint")));
        Assert.Equal("0\n1\n0 0\n", Encoding.UTF8.GetString(node.Disk.BytesOf($"{log.Path}/leader-epoch-checkpoint")));

        node.Disk.Flushes.Clear();
        node.WriteCheckpoints();
        Assert.Empty(node.Disk.Flushes);
    }

    [Fact]
    public void Names_of_partition_directories_are_told_from_others()
    {
        Assert.True(LogFileNames.TryParsePartition("a-b-3", out TopicPartition partition));
        Assert.Equal(new TopicPartition("a-b", 3), partition);
        foreach (string name in (string[])["a", "-3", "a-", "a-x", "a-3.00000000000000070000000000000009-delete"])
        {
            Assert.False(LogFileNames.TryParsePartition(name, out _));
        }

        string aside = LogFileNames.SetAside(new TopicPartition(new string('t', 249), 12), new Uuid(1, 2), LogFileNames.DeleteSuffix);
        Assert.Equal(255, aside.Length);
    }

    private void Write(string name, string text)
    {
        using Platform.IDiskFile file = _disk.OpenOrCreate($"{Node.Root}/{name}");
        file.SetLength(0);
        file.Write(0, Encoding.UTF8.GetBytes(text));
    }
}
