using RaftLog.Broker.Partitions;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.TestKit;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>
/// Every file of a stopped node is emptied, cut, lengthened, removed or has a bit flipped: the node starts, and nothing that is intact by
/// its checksum is served that was not written, or it rejects and names the file's directory.
/// </summary>
[Trait("Category", "Slow")]
public sealed class DamagedFilesTests
{
    private const string OneNode = """
        {
          "nodes": [ {
            "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a", "log.roll.ms": 50,
            "offsets.topic.num.partitions": 1, "transaction.state.log.num.partitions": 1, "metadata.log.max.record.bytes.between.snapshots": 700,
            "log.cleaner.backoff.ms": 20, "log.cleaner.min.cleanable.ratio": 0.01, "log.index.interval.bytes": 100
          } ]
        }
        """;

    /// <summary>Bits that are flipped in each file besides, drawn from its name.</summary>
    private const int Flips = 10;

    private static readonly TimeSpan BetweenRolls = TimeSpan.FromMilliseconds(60);

    /// <summary>What a file's name ends with, and whether one of it must be there for the test to mean something.</summary>
    private static readonly string[] Kinds =
    [
        ".log",
        ".index",
        ".timeindex",
        ".txnindex",
        ".snapshot",
        ".checkpoint",
        "/leader-epoch-checkpoint",
        "/partition.metadata",
        "/recovery-point-offset-checkpoint",
        "/replication-offset-checkpoint",
        "/log-start-offset-checkpoint",
        "/cleaner-offset-checkpoint",
        "/meta.properties",
        "/quorum-state",
        "/.kafka_cleanshutdown",
    ];

    [Fact]
    public async Task A_node_starts_over_any_damaged_file_or_names_it()
    {
        (InMemoryDisk sound, Dictionary<TopicPartition, HashSet<string>> written) = await LiveAsync();
        List<string> files = Files(sound, "/a");
        Assert.All(Kinds, kind => Assert.Contains(files, file => file.EndsWith(kind, StringComparison.Ordinal)));
        foreach (string file in files)
        {
            foreach ((string how, Func<byte[], byte[]?> change) in Damages.All.Concat(Damages.RandomFlips(file, Flips)))
            {
                await MustStartOrNameAsync(sound.Copy(flushedOnly: false), file, $"{file}, {how}", change, written);
            }
        }
    }

    /// <summary>A file with a form of its own, in whose place the node takes something else.</summary>
    [Theory]
    [InlineData("/a/recovery-point-offset-checkpoint")]
    [InlineData("/a/replication-offset-checkpoint")]
    [InlineData("/a/log-start-offset-checkpoint")]
    [InlineData("/a/cleaner-offset-checkpoint")]
    [InlineData("/a/plain-0/leader-epoch-checkpoint")]
    [InlineData("/a/plain-0/.index")]
    [InlineData("/a/plain-0/.snapshot")]
    public async Task A_node_says_which_damaged_file_it_does_without(string path)
    {
        (InMemoryDisk disk, _) = await LiveAsync();
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        node.Disk = disk;
        string directory = path[..path.LastIndexOf('/')];
        string suffix = path[(path.LastIndexOf('/') + 1)..];
        string file = $"{directory}/{disk.ListFiles(directory).Last(name => name.EndsWith(suffix, StringComparison.Ordinal))}";
        await node.StartAsync();
        await node.Node.Ready;
        Assert.False(node.Says("was damaged"));
        await nodes.StopAsync();

        Damages.Do(disk, file, static bytes => bytes[..(bytes.Length / 2)]);
        await node.StartAsync();
        await node.Node.Ready;
        Assert.True(node.Says($"{file} was damaged"));
        await nodes.StopAsync();
    }

    private static async Task MustStartOrNameAsync(
        InMemoryDisk disk,
        string path,
        string what,
        Func<byte[], byte[]?> change,
        Dictionary<TopicPartition, HashSet<string>> written
    )
    {
        Damages.Do(disk, path, change);
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        node.Disk = disk;
        string directory = path[..path.LastIndexOf('/')];
        try
        {
            await node.StartAsync();
        }
        catch (NodeStartException rejected)
        {
            Assert.True(rejected.Message.Contains(directory, StringComparison.Ordinal), $"{what}: {rejected.Message}");
            return;
        }

        await NodesInMemory.UntilAsync(
            $"{what}: the node is ready, or halts",
            () => node.Node.Ready.IsCompleted || node.Process.HaltReason is not null
        );
        if (node.Process.HaltReason is { } reason)
        {
            Assert.True(reason.Contains(directory, StringComparison.Ordinal), $"{what}: {reason}");
            return;
        }

        foreach ((TopicPartition partition, HashSet<string> values) in ValuesOf(node.Node))
        {
            Assert.True(values.IsSubsetOf(written[partition]), $"{what}: {partition} serves what nobody wrote");
        }

        await nodes.StopAsync();
    }

    /// <summary>What a node leaves that has rolled, compacted, deleted records, had transactions and taken metadata snapshots.</summary>
    private static async Task<(InMemoryDisk Disk, Dictionary<TopicPartition, HashSet<string>> Written)> LiveAsync()
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([
            new NewTopic("plain", 1),
            new NewTopic("keyed", 1) { Configs = [new("cleanup.policy", "compact")] },
        ]);
        await using Producer plain = nodes.Client.CreateProducer();
        await using Producer transactional = nodes.Client.CreateProducer(new ProducerOptions { TransactionalId = "t" });
        await transactional.InitTransactionsAsync();
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 5; i++)
            {
                await plain.ProduceAsync("plain", new ProducerRecord(null, Bytes($"plain {round} {i}")));
                await plain.ProduceAsync("keyed", new ProducerRecord(Bytes($"key {i % 3}"), Bytes($"keyed {round} {i}")));
            }

            Transaction transaction = transactional.BeginTransaction();
            await transactional.ProduceAsync("plain", new ProducerRecord(null, Bytes($"in transaction {round}")));
            await transaction.SendOffsetsAsync(
                new ConsumerGroupMetadata("group"),
                new Dictionary<TopicPartition, Offset> { [new("plain", 0)] = new(round) }
            );
            await (round == 1 ? transaction.AbortAsync() : transaction.CommitAsync());
            await Task.Delay(BetweenRolls);
        }

        await plain.ProduceAsync("keyed", new ProducerRecord(Bytes("last"), Bytes("last")));
        Dictionary<TopicPartition, HashSet<string>> written = ValuesOf(node.Node);
        await nodes.Client.Admin.DeleteRecordsAsync(new Dictionary<TopicPartition, Offset> { [new("plain", 0)] = new(2) });
        await NodesInMemory.UntilAsync(
            "compaction",
            () => node.Node.Partitions!.Find(new TopicPartition("keyed", 0))!.Log.CleanedTo > Offset.Zero
        );
        await NodesInMemory.UntilAsync(
            "a metadata snapshot",
            () => node.Disk.ListFiles("/a/__cluster_metadata-0").Any(name => name.EndsWith(".checkpoint", StringComparison.Ordinal))
        );
        foreach ((TopicPartition partition, HashSet<string> values) in ValuesOf(node.Node))
        {
            written[partition].UnionWith(values);
        }

        await nodes.StopAsync();
        return (node.Disk, written);
    }

    private static Dictionary<TopicPartition, HashSet<string>> ValuesOf(Node node)
    {
        Dictionary<TopicPartition, HashSet<string>> values = [];
        foreach (Partition partition in node.Partitions!.All)
        {
            values[partition.Name] = Batches.IntactValues(partition.Log);
        }

        return values;
    }

    private static List<string> Files(InMemoryDisk disk, string directory) =>
        [
            .. disk.ListFiles(directory).Select(name => $"{directory}/{name}"),
            .. disk.ListDirectories(directory).SelectMany(name => Files(disk, $"{directory}/{name}")),
        ];

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
