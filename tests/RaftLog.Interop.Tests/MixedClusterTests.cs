using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Roles;
using RaftLog.Interop.Tests.Tools;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Interop.Tests;

/// <summary>
/// A cluster of Kafka's nodes and ours: a group with members and an open transaction whose coordinator is the only node of its kind go on
/// with a coordinator of the other kind after <c>kill -9</c>, from the records that the first has written.
/// </summary>
public sealed class MixedClusterTests
{
    private const int Half = 500;
    private const int Partitions = 3;

    [KafkaToolsFact]
    public Task Kafkas_coordinators_go_on_with_groups_and_transactions_of_ours() => PassOnAsync(isKafka: [false, true, true]);

    [KafkaToolsFact]
    public Task Our_coordinators_go_on_with_groups_and_transactions_of_Kafkas() => PassOnAsync(isKafka: [true, false, false]);

    private static async Task PassOnAsync(bool[] isKafka)
    {
        const int Only = 1;
        await using MixedCluster cluster = await MixedCluster.StartAsync(isKafka);
        try
        {
            await CreateAsync(cluster, "passed-on");
            await CreateAsync(cluster, "written");
            string group = await FindAsync(cluster, "group", 0, Only);
            string id = await FindAsync(cluster, "transaction", 1, Only);
            using Command first = Member(cluster, group);
            using Command second = Member(cluster, group);
            await ProduceAsync(cluster, 0, Half);
            await Poll.UntilAsync("the first half is read", () => SeenRecords.CountPlaces(first, second) >= Half);
            InitProducerIdResponse producer = await BeginAsync(cluster, id, Only);

            await cluster.KillAsync(Only);
            await ProduceAsync(cluster, Half, 2 * Half);
            Assert.NotEqual(isKafka[0], cluster.IsKafka(await cluster.CoordinatorAsync(group, 0)));
            Assert.NotEqual(isKafka[0], cluster.IsKafka(await cluster.CoordinatorAsync(id, 1)));
            await CommitAsync(cluster, id, producer);
            CommandResult written = await KcatAsync(
                cluster,
                ["-C", "-t", "written", "-o", "beginning", "-e", "-q", "-X", "isolation.level=read_committed"]
            );
            Assert.Equal(["open"], written.Lines);
            await Poll.UntilAsync("both halves are read", () => SeenRecords.CountPlaces(first, second) >= 2 * Half);
            first.Send(Signal.Terminate);
            (await first.EndAsync()).Succeeded();
            second.Send(Signal.Terminate);
            (await second.EndAsync()).Succeeded();
            SeenRecords.MustBeWhole(SeenRecords.Of(first, second), 2 * Half);
            CommandResult rest = await KcatAsync(cluster, ["-G", group, "-X", "auto.offset.reset=earliest", "-e", "-q", "passed-on"]);
            Assert.Empty(rest.Lines);
        }
        catch (Exception e)
        {
            throw new Xunit.Sdk.XunitException($"{e.Message}\n{e.StackTrace}\n{cluster.Log()}");
        }
    }

    private static Command Member(MixedCluster cluster, string group) =>
        Command.Start(DotNetClients.Program, ["classic", "member", cluster.Bootstrap, group, "passed-on"]);

    private static Task<CommandResult> KcatAsync(MixedCluster cluster, string[] arguments, string? input = null) =>
        Kcat.RunAsync(cluster.Bootstrap, arguments, input);

    private static async Task ProduceAsync(MixedCluster cluster, int from, int to) =>
        (
            await KcatAsync(
                cluster,
                ["-P", "-t", "passed-on", "-K", ":", "-X", "acks=all", "-X", "enable.idempotence=true"],
                string.Concat(Enumerable.Range(from, to - from).Select(i => $"k{i % 100}:{i}\n"))
            )
        ).Succeeded();

    private static async Task CreateAsync(MixedCluster cluster, string topic)
    {
        await cluster.AskAsync(
            new CreateTopicsRequest
            {
                Topics =
                [
                    new()
                    {
                        Name = topic,
                        NumPartitions = Partitions,
                        ReplicationFactor = 3,
                        Configs = [new() { Name = "retention.ms", Value = "-1" }],
                    },
                ],
                TimeoutMs = 30_000,
            }
        );
        await Poll.UntilAsync(
            $"{topic} is led",
            async () =>
            {
                MetadataResponse metadata = await cluster.AskAsync(new MetadataRequest { Topics = [new() { Name = topic }] });
                return metadata.Topics[0].Partitions.Count == Partitions
                    && metadata.Topics[0].Partitions.TrueForAll(each => each.IsrNodes.Count == 3);
            }
        );
    }

    // The partitions of both internal topics are spread over the three nodes.
    private static async Task<string> FindAsync(MixedCluster cluster, string kind, sbyte keyType, int node)
    {
        for (int i = 0; i < 100; i++)
        {
            if (await cluster.CoordinatorAsync($"{kind}-{i}", keyType) == node)
            {
                return $"{kind}-{i}";
            }
        }

        throw new Xunit.Sdk.XunitException($"node {node} coordinates no {kind}");
    }

    private static async Task<InitProducerIdResponse> BeginAsync(MixedCluster cluster, string id, int coordinator)
    {
        InitProducerIdResponse producer = new();
        await Poll.UntilAsync(
            $"{id} has a producer",
            async () =>
            {
                producer = await cluster.AskAsync(
                    new InitProducerIdRequest { TransactionalId = id, TransactionTimeoutMs = 60_000 },
                    coordinator,
                    5
                );
                return producer.ErrorCode == ErrorCode.None;
            }
        );
        AddPartitionsToTxnResponse added = await cluster.AskAsync(
            new AddPartitionsToTxnRequest
            {
                V3AndBelowTransactionalId = id,
                V3AndBelowProducerId = producer.ProducerId,
                V3AndBelowProducerEpoch = producer.ProducerEpoch,
                V3AndBelowTopics = [new() { Name = "written", Partitions = [0] }],
            },
            coordinator,
            3
        );
        Assert.Equal(ErrorCode.None, added.ResultsByTopicV3AndBelow[0].ResultsByPartition[0].PartitionErrorCode);
        using RecordBatchBuilder builder = new(new RecordBatchOptions(1 << 16, CompressionType.None))
        {
            Producer = new ProducerStamp(producer.ProducerId, producer.ProducerEpoch, 0),
        };
        builder.Attributes = builder.Attributes.AsTransactional();
        builder.TryAppend(RawBatches.FirstTimestamp, NullableBytes.Null, "open"u8);
        ProduceRequest request = new()
        {
            TransactionalId = id,
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData = [new() { Name = "written", PartitionData = [new() { Index = 0, Records = builder.Seal().ToArray() }] }],
        };
        MetadataResponse metadata = await cluster.AskAsync(new MetadataRequest { Topics = [new() { Name = "written" }] });
        int leader = metadata.Topics[0].Partitions.Find(each => each.PartitionIndex == 0)!.LeaderId.Value;
        ProduceResponse response = await cluster.AskAsync(request, leader, 11);
        Assert.Equal(ErrorCode.None, response.Responses[0].PartitionResponses[0].ErrorCode);
        return producer;
    }

    private static async Task CommitAsync(MixedCluster cluster, string id, InitProducerIdResponse producer) =>
        await Poll.UntilAsync(
            $"{id} is committed",
            async () =>
            {
                EndTxnRequest request = new()
                {
                    TransactionalId = id,
                    ProducerId = producer.ProducerId,
                    ProducerEpoch = producer.ProducerEpoch,
                    Committed = true,
                };
                return (await cluster.AskAsync(request, await cluster.CoordinatorAsync(id, 1), 4)).ErrorCode == ErrorCode.None;
            }
        );
}
