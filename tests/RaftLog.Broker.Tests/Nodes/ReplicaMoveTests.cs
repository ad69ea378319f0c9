using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>
/// A node moves replicas between its log directories (KIP-113), and puts none into directories that are cordoned (KIP-1066).
/// </summary>
public sealed class ReplicaMoveTests
{
    private const string OneNode = """
        {
          "nodes": [ {
            "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a,/b", "metadata.log.dir": "/meta", "log.segment.bytes": 1048576
          } ]
        }
        """;

    private const string Rate = "replica.alter.log.dirs.io.max.bytes.per.second";
    private const int ValueBytes = 50_000;

    private readonly InMemoryNetwork _network = new(TimeProvider.System);

    [Fact]
    public async Task A_replica_moves_while_it_is_written_to_and_loses_nothing()
    {
        using NodesInMemory nodes = new(OneNode, _network);
        await nodes.StartAsync();
        await CreateAsync(nodes);
        await using Producer producer = nodes.Client.CreateProducer();
        await FillAsync(producer, 0, 60);
        for (int round = 0; round < 3; round++)
        {
            string from = await HolderAsync(nodes);
            string to = Other(from);
            Assert.Equal(ErrorCode.None, await MoveAsync(nodes, to));
            await FillAsync(producer, 60 + (round * 100), 160 + (round * 100));
            await NodesInMemory.UntilAsync(
                $"the replica lies in {to}",
                () => nodes.All[0].Disk.DirectoryExists($"{to}/t-0") && !nodes.All[0].Disk.DirectoryExists($"{from}/t-0")
            );
            Assert.Equal(to, await HolderAsync(nodes));
        }

        await MustHoldAsync(nodes, 360);
        Assert.Equal(DirectoryId(nodes, await HolderAsync(nodes)), AssignedDirectory(nodes));
        await nodes.StopAsync();
        await nodes.All[0].StartAsync();
        await nodes.All[0].Node.Ready;
        await MustHoldAsync(nodes, 360);
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_throttled_move_shows_its_progress_and_goes_on_after_a_restart()
    {
        using NodesInMemory nodes = new(OneNode, _network);
        await nodes.StartAsync();
        await CreateAsync(nodes);
        await using (Producer producer = nodes.Client.CreateProducer())
        {
            await FillAsync(producer, 0, 60);
        }

        await AlterAsync(nodes, Rate, "1");
        string from = await HolderAsync(nodes);
        string to = Other(from);
        Assert.Equal(ErrorCode.None, await MoveAsync(nodes, to));
        DescribeLogDirsResponse.DescribeLogDirsPartition future = await FutureAsync(nodes, to);
        Assert.InRange(future.OffsetLag, 1, 60);
        await nodes.StopAsync();
        await nodes.All[0].StartAsync();
        await nodes.All[0].Node.Ready;
        Assert.InRange((await FutureAsync(nodes, to)).OffsetLag, 1, 60);
        Assert.Equal(from, await HolderAsync(nodes));
        await AlterAsync(nodes, Rate, "1000000000");
        await NodesInMemory.UntilAsync(
            $"the replica lies in {to}",
            () => nodes.All[0].Disk.DirectoryExists($"{to}/t-0") && !nodes.All[0].Disk.DirectoryExists($"{from}/t-0")
        );
        await MustHoldAsync(nodes, 60);
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_move_back_ends_a_move_and_the_copy_goes()
    {
        using NodesInMemory nodes = new(OneNode, _network);
        await nodes.StartAsync();
        await CreateAsync(nodes);
        await using Producer producer = nodes.Client.CreateProducer();
        await FillAsync(producer, 0, 60);
        await AlterAsync(nodes, Rate, "1");
        string from = await HolderAsync(nodes);
        Assert.Equal(ErrorCode.None, await MoveAsync(nodes, Other(from)));
        await FutureAsync(nodes, Other(from));
        Assert.Equal(ErrorCode.None, await MoveAsync(nodes, from));
        await NodesInMemory.UntilAsync("the copy is gone", () => nodes.All[0].Disk.ListDirectories(Other(from)).Count == 0);
        await MustHoldAsync(nodes, 60);
        await nodes.StopAsync();
    }

    [Theory]
    [InlineData(DiskErrorKind.Io)]
    [InlineData(DiskErrorKind.NoSpace)]
    public async Task A_directory_that_fails_ends_the_move_and_the_replica_is_served(DiskErrorKind failure)
    {
        using NodesInMemory nodes = new(OneNode, _network);
        await nodes.StartAsync();
        await CreateAsync(nodes);
        await using Producer producer = nodes.Client.CreateProducer();
        await FillAsync(producer, 0, 60);
        await AlterAsync(nodes, Rate, "1");
        string from = await HolderAsync(nodes);
        string to = Other(from);
        Assert.Equal(ErrorCode.None, await MoveAsync(nodes, to));
        await FutureAsync(nodes, to);
        nodes.All[0].Disk.Fault = (asked, path) =>
            asked is "flush" or "write" && path.StartsWith(to, StringComparison.Ordinal) ? failure : null;
        await AlterAsync(nodes, Rate, "1000000000");
        await NodesInMemory.UntilAsync(
            "the move has ended",
            () => nodes.All[0].Problems.Exists(line => line.Contains("is not moved to", StringComparison.Ordinal))
        );
        await FillAsync(producer, 60, 80);
        await MustHoldAsync(nodes, 80);
        Assert.Equal(ErrorCode.KafkaStorageError, await MoveAsync(nodes, to));
        Assert.Equal(ErrorCode.LogDirNotFound, await MoveAsync(nodes, "/c"));
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_move_waits_for_room_says_so_once_and_takes_no_directory_offline()
    {
        using NodesInMemory nodes = new(OneNode, _network);
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        await CreateAsync(nodes);
        await using Producer producer = nodes.Client.CreateProducer();
        await FillAsync(producer, 0, 60);
        string from = await HolderAsync(nodes);
        string to = Other(from);
        node.Disk.OtherBytes = node.Disk.Space(to).FreeBytes - (2 << 20);
        Assert.Equal(ErrorCode.None, await MoveAsync(nodes, to));
        await NodesInMemory.UntilAsync("the move waits", () => node.Says($"t-0 waits on its way to {to}: the copy needs"));
        await FillAsync(producer, 60, 70);
        await MustHoldAsync(nodes, 70);
        Assert.Equal(ErrorCode.None, (await DescribeAsync(nodes)).Results.Single(each => each.LogDir == to).ErrorCode);

        node.Disk.OtherBytes = 0;
        await NodesInMemory.UntilAsync(
            $"the replica lies in {to}",
            () => node.Disk.DirectoryExists($"{to}/t-0") && !node.Disk.DirectoryExists($"{from}/t-0")
        );
        await MustHoldAsync(nodes, 70);
        Assert.Single(node.Problems, line => line.Contains("waits on its way", StringComparison.Ordinal));
        await nodes.StopAsync();
    }

    /// <summary>The copy goes on when there are descriptors again; meanwhile the node says what it lacks, and stays.</summary>
    [Fact]
    public async Task A_move_that_finds_no_descriptors_is_told_tried_again_and_loses_nothing()
    {
        const int Others = 40;
        using NodesInMemory nodes = new(OneNode, _network);
        NodesInMemory.OneNode node = nodes.All[0];
        node.Disk.DescriptorLimit = 40;
        await nodes.StartAsync();
        await CreateAsync(nodes);
        await using Producer producer = nodes.Client.CreateProducer();
        await FillAsync(producer, 0, 80);
        await AlterAsync(nodes, Rate, "1");
        string from = await HolderAsync(nodes);
        string to = Other(from);
        Assert.Equal(ErrorCode.None, await MoveAsync(nodes, to));

        // A copy that has not begun waits for descriptors like all that may wait; one that has begun is told of.
        while ((await FutureAsync(nodes, to)).PartitionSize == 0)
        {
            await Task.Delay(10);
        }

        // More files than are kept open, so that those of the partition are closed.
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("others") { Partitions = Others }]);
        for (int i = 0; i < Others; i++)
        {
            await producer.ProduceAsync("others", new ProducerRecord(null, [1]) { Partition = i });
        }

        node.Disk.DescriptorLimit = 0;
        await AlterAsync(nodes, Rate, "1000000000");
        await NodesInMemory.UntilAsync("a line in the node log", () => node.Says($"cannot be copied to {to} now"));
        Assert.Null(node.Process.HaltReason);

        node.Disk.DescriptorLimit = 40;
        await NodesInMemory.UntilAsync(
            $"the replica lies in {to}",
            () => node.Disk.DirectoryExists($"{to}/t-0") && !node.Disk.DirectoryExists($"{from}/t-0")
        );
        await MustHoldAsync(nodes, 80);
        await nodes.StopAsync();
        Assert.Null(node.Process.HaltReason);
    }

    [Fact]
    public async Task Cordoned_directories_get_no_new_replicas_and_no_moves()
    {
        using NodesInMemory nodes = new(OneNode, _network);
        await nodes.StartAsync();
        Assert.Equal(ErrorCode.InvalidRequest, await TryAlterAsync(nodes, "cordoned.log.dirs", "/a,/c"));
        await AlterAsync(nodes, "cordoned.log.dirs", "/a");
        BrokerRegistration Broker() => nodes.All[0].Node.Image.Brokers[new NodeId(1)];
        await NodesInMemory.UntilAsync("the controller knows", () => Broker().CordonedDirectories.Count == 1);
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("t") { Partitions = 6 }]);
        Assert.Empty(nodes.All[0].Disk.ListDirectories("/a"));
        Assert.Equal(6, nodes.All[0].Disk.ListDirectories("/b").Count);
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, await MoveAsync(nodes, "/a"));
        await AlterAsync(nodes, "cordoned.log.dirs", "*");
        await NodesInMemory.UntilAsync("the controller knows", () => Broker().CordonedDirectories.Count == 2);
        Assert.Equal(
            ErrorCode.InvalidReplicationFactor,
            (await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("u") { Partitions = 1 }]))[0].Error
        );
        await AlterAsync(nodes, "cordoned.log.dirs", "");
        await NodesInMemory.UntilAsync("the controller knows", () => Broker().CordonedDirectories.Count == 0);
        Assert.Equal(ErrorCode.None, await MoveAsync(nodes, "/a"));
        await NodesInMemory.UntilAsync("the replica lies in /a", () => nodes.All[0].Disk.DirectoryExists("/a/t-0"));
        await nodes.StopAsync();
    }

    private static string Other(string directory) => directory == "/a" ? "/b" : "/a";

    private static async Task CreateAsync(NodesInMemory nodes) =>
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("t") { Partitions = 1 }]);

    private static async Task FillAsync(Producer producer, int from, int to)
    {
        List<Task<ProduceResult>> sent = [];
        for (int i = from; i < to; i++)
        {
            byte[] value = new byte[ValueBytes];
            BitConverter.TryWriteBytes(value, i);
            sent.Add(producer.ProduceAsync("t", new ProducerRecord(null, value)).AsTask());
        }

        await Task.WhenAll(sent);
    }

    private static async Task MustHoldAsync(NodesInMemory nodes, int count)
    {
        await using Consumer consumer = nodes.Client.CreateConsumer();
        consumer.Assign(new TopicPartition("t", 0), StartAt.Beginning);
        List<int> read = [];
        await foreach (ConsumedRecord record in consumer.ConsumeAsync())
        {
            read.Add(BitConverter.ToInt32(record.Value!));
            if (read.Count == count)
            {
                break;
            }
        }

        Assert.Equal(Enumerable.Range(0, count), read);
    }

    private async Task<DescribeLogDirsResponse> DescribeAsync(NodesInMemory nodes) =>
        await AskAsync(nodes, new DescribeLogDirsRequest { Topics = null });

    private async Task<string> HolderAsync(NodesInMemory nodes) =>
        Assert
            .Single(
                (await DescribeAsync(nodes)).Results,
                directory => directory.Topics.Exists(topic => topic.Name == "t" && !topic.Partitions[0].IsFutureKey)
            )
            .LogDir;

    private async Task<DescribeLogDirsResponse.DescribeLogDirsPartition> FutureAsync(NodesInMemory nodes, string directory) =>
        Assert.Single(
            (await DescribeAsync(nodes)).Results.Single(each => each.LogDir == directory).Topics.Single().Partitions,
            each => each.IsFutureKey
        );

    private async Task<ErrorCode> MoveAsync(NodesInMemory nodes, string directory)
    {
        AlterReplicaLogDirsResponse response = await AskAsync(
            nodes,
            new AlterReplicaLogDirsRequest { Dirs = [new() { Path = directory, Topics = [new() { Name = "t", Partitions = [0] }] }] }
        );
        return response.Results[0].Partitions[0].ErrorCode;
    }

    private async Task AlterAsync(NodesInMemory nodes, string key, string value) =>
        Assert.Equal(ErrorCode.None, await TryAlterAsync(nodes, key, value));

    private async Task<ErrorCode> TryAlterAsync(NodesInMemory nodes, string key, string value)
    {
        IncrementalAlterConfigsResponse response = await AskAsync(
            nodes,
            new IncrementalAlterConfigsRequest
            {
                Resources =
                [
                    new()
                    {
                        ResourceType = 4,
                        ResourceName = "1",
                        Configs = [new() { Name = key, Value = value }],
                    },
                ],
            }
        );
        return response.Responses[0].ErrorCode;
    }

    private Task<TResponse> AskAsync<TResponse>(NodesInMemory nodes, Protocol.Wire.IRequest<TResponse> request)
        where TResponse : class, Protocol.Wire.IVersionedMessage, new() =>
        RawCall.AskAsync(_network, NodesInMemory.AddressOf(nodes.All[0].Config), request);

    private static Uuid AssignedDirectory(NodesInMemory nodes) =>
        nodes.All[0].Node.Image.Topics.InNameOrder.Single(topic => topic.Name == "t").Partitions[0].DirectoryOf(new NodeId(1));

    private static Uuid DirectoryId(NodesInMemory nodes, string path)
    {
        return Storage.MetaProperties.Read(nodes.All[0].Disk, path)!.DirectoryId;
    }
}
