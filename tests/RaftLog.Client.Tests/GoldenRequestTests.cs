using System.Text.Json;
using System.Text.Json.Nodes;
using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Tests;

/// <summary>
/// The requests that this client makes beside those that Kafka's Java client 4.3.1 made in the same place, as Kafka's request log wrote
/// them: version and every field (Golden/README.md).
/// </summary>
public class GoldenRequestTests
{
    /// <summary>What differs on purpose, and why.</summary>
    private static readonly (string Scenario, string Difference, string Reason)[] OnPurpose =
    [
        (Idempotent, "Metadata.allowAutoTopicCreation: true expected, not false", "a name that is misspelt makes no topic"),
        (
            Classic,
            "JoinGroup.protocols[1].metadata: \"AAMAAAABAAZvcmRlcnMAAAAE/////wAAAAD///////8=\" expected, "
                + "not \"AAMAAAABAAZvcmRlcnP/////AAAAAP///////w==\"",
            "the generation stands in the subscription itself since its version 2, and leaders look there first"
        ),
        (Classic, "JoinGroup.reason: \"\" expected, not null", "for people, and there is none"),
        (Classic, "LeaveGroup.members[0].reason: \"the consumer is being closed\" expected, not \"the consumer was closed\"", "for people"),
        (Classic, $"OffsetFetch.groups: [{{\"groupId\":\"g1\",\"memberId\":null,\"memberEpoch\":-1,{ByName}}}] expected, not []", OneGroup),
        (Classic, "OffsetFetch.version: 9 expected, not 7", OneGroup),
        (Member, "OffsetCommit.topics[0].topicId: \"$topic\" expected, not \"AAAAAAAAAAAAAAAAAAAAAA\"", Named),
        (Member, "OffsetCommit.version: 10 expected, not 9", Named),
        (
            Member,
            $"OffsetFetch.groups: [{{\"groupId\":\"g2\",\"memberId\":\"$member\",\"memberEpoch\":2,{ById}}}] expected, not []",
            OneGroup
        ),
        (Member, "OffsetFetch.version: 10 expected, not 7", OneGroup),
        (V1, "Produce.topicData[0].partitionData[0].recordsSizeInBytes: 112 expected, not 69", OtherRecords),
        (V2, "Produce.topicData[0].partitionData[0].recordsSizeInBytes: 122 expected, not 69", OtherRecords),
    ];

    private const string Idempotent = "idempotent producer";
    private const string Classic = "classic member";
    private const string Member = "member of the consumer protocol";
    private const string V1 = "transaction of version 1";
    private const string V2 = "transaction of version 2";

    private const string OneGroup = "the form for one group, which brokers from Kafka 2.1 on have in common; what it asks is the same";
    private const string Named = "topics are told apart by the ids of metadata and Fetch, and the groups of both protocols commit alike";
    private const string OtherRecords = "another record; batches stand beside Kafka's in the tests of the protocol";
    private const string ByName = "\"topics\":[{\"name\":\"orders\",\"partitionIndexes\":[0,1,2]}]";
    private const string ById = "\"topics\":[{\"topicId\":\"$topic\",\"partitionIndexes\":[0,1,2]}]";

    private static readonly string[] Topics = ["orders"];

    [Fact]
    public void An_idempotent_producer() =>
        Play(
            Idempotent,
            world =>
            {
                Producer producer = world
                    .Connect(options => options with { RequestTimeout = TimeSpan.FromMilliseconds(1500) })
                    .CreateProducer(new ProducerOptions { Linger = TimeSpan.FromMilliseconds(100) });
                foreach (string value in (string[])["a", "b", "c"])
                {
                    producer.Produce("orders", new ProducerRecord(null, Bytes(value)) { Partition = 1 });
                }

                world.Finish(producer.FlushAsync());
            }
        );

    [Fact]
    public void A_member_of_a_classic_group() => Play(Classic, world => ReadAsMember(world, "g1", GroupProtocol.Classic));

    [Fact]
    public void A_member_of_the_consumer_protocol() => Play(Member, world => ReadAsMember(world, "g2", GroupProtocol.Consumer));

    [Fact]
    public void A_transaction_of_version_1() => Play(V1, world => Transact(world, offsets: false), isV2: false);

    [Fact]
    public void A_transaction_of_version_2() => Play(V2, world => Transact(world, offsets: true));

    private static void ReadAsMember(FakeCluster world, string group, GroupProtocol protocol)
    {
        Consumer consumer = world
            .Connect()
            .CreateConsumer(
                new ConsumerOptions
                {
                    GroupId = group,
                    GroupProtocol = protocol,
                    AutoCommit = false,
                    OffsetReset = OffsetReset.Earliest,
                }
            );
        Read(world, consumer);
    }

    private static void Read(FakeCluster world, Consumer consumer)
    {
        consumer.Subscribe(Topics);
        using (FetchedRecords? records = world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(10))))
        {
            Assert.Equal(3, records!.Count);
        }

        world.Pass(TimeSpan.FromSeconds(4));
        world.Finish(consumer.CommitAsync());
        world.Finish(consumer.DisposeAsync());
    }

    private static void Transact(FakeCluster world, bool offsets)
    {
        Producer producer = world.Connect().CreateProducer(new ProducerOptions { TransactionalId = "tx1" });
        world.Finish(producer.InitTransactionsAsync());
        Transaction transaction = producer.BeginTransaction();
        if (offsets)
        {
            TopicPartition partition = new("orders", 0);
            world.Finish(
                transaction.SendOffsetsAsync(
                    new ConsumerGroupMetadata("g3"),
                    new Dictionary<TopicPartition, Offset> { [partition] = new Offset(5) }
                )
            );
        }

        world.Finish(transaction.ProduceAsync("orders", new ProducerRecord(null, Bytes("a")) { Partition = 0 }));
        world.Finish(transaction.CommitAsync());
    }

    private static void Play(string scenario, Action<FakeCluster> play, bool isV2 = true) =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("orders", 3);
            world.Brokers[0].Features["transaction.version"] = (short)(isV2 ? 2 : 1);
            world.Brokers[0].Highest[ApiKey.InitProducerId] = 5; // Kafka 4.3.1 holds version 6 back.
            FakeGroup group = new(topic, new FakeCoordinator { GivesEpochs = isV2 });
            world.Intercept = (_, message) => group.Respond(message);
            if (scenario is Classic or Member)
            {
                Fill(world);
            }

            play(world);

            List<string> differences = [];
            foreach (JsonNode row in Rows(scenario))
            {
                ApiKey api = Enum.Parse<ApiKey>(row["api"]!.GetValue<string>().Replace("_", ""), ignoreCase: true);
                int nth = row["nth"]?.GetValue<int>() ?? 0;
                (RequestHeader header, IMessage message) = world
                    .Brokers[0]
                    .Received.Where(each => each.Header.ApiKey == api)
                    .Skip(nth)
                    .FirstOrDefault();
                Assert.True(message is not null, $"{scenario}: the client has made no {api}");
                JsonNode? actual = MessageFields.Of(message);
                Rename(actual, topic);
                differences.AddRange(MessageFields.Differences(row["version"], header.ApiVersion, $"{api}.version"));
                differences.AddRange(MessageFields.Differences(row["request"], actual, $"{api}"));
            }

            IEnumerable<string> allowed = OnPurpose.Where(each => each.Scenario == scenario).Select(each => each.Difference);
            string found = Lines(differences);
            Assert.True(Lines(allowed) == found, $"{scenario}: of what differs not all is on purpose, or not all that was does:\n{found}");
        });

    private static string Lines(IEnumerable<string> lines) => string.Join('\n', lines.Order(StringComparer.Ordinal));

    private static void Fill(FakeCluster world)
    {
        Producer producer = world.Connect().CreateProducer(new ProducerOptions { Linger = TimeSpan.FromMilliseconds(100) });
        foreach (string value in (string[])["a", "b", "c"])
        {
            producer.Produce("orders", new ProducerRecord(null, Bytes(value)) { Partition = 1 });
        }

        world.Finish(producer.FlushAsync());
        world.Finish(producer.DisposeAsync());
        world.Brokers[0].Received.Clear();
    }

    /// <summary>Ids that one side has made bear names, and records count by their size, as in the log.</summary>
    private static void Rename(JsonNode? node, FakeTopic topic)
    {
        switch (node)
        {
            case JsonObject fields:
                foreach ((string name, JsonNode? value) in fields.ToArray())
                {
                    if (name == "topicId" && value!.GetValue<string>() == topic.Id.ToString())
                    {
                        fields[name] = "$topic";
                    }
                    else if (name == "memberId" && value?.GetValue<string>() is { Length: 22 })
                    {
                        fields[name] = "$member";
                    }
                    else if (name == "records")
                    {
                        fields["recordsSizeInBytes"] = Convert.FromBase64String(value!.GetValue<string>()).Length;
                    }

                    Rename(value, topic);
                }

                break;
            case JsonArray items:
                foreach (JsonNode? item in items)
                {
                    Rename(item, topic);
                }

                break;
        }
    }

    private static IEnumerable<JsonNode> Rows(string scenario) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Golden", "requests.jsonl"))
            .Select(line => JsonNode.Parse(line)!)
            .Where(row => row["scenario"]!.GetValue<string>() == scenario);

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    /// <summary>A coordinator that gives all partitions of a topic to the one member there is, and has no offsets yet.</summary>
    private sealed class FakeGroup(FakeTopic topic, FakeCoordinator inner)
    {
        private static readonly int[] All = [0, 1, 2];

        public Reply? Respond(IMessage message) =>
            message switch
            {
                JoinGroupRequest request => new Reply(
                    new JoinGroupResponse
                    {
                        MemberId = "m",
                        Leader = "m",
                        GenerationId = 1,
                        ProtocolType = "consumer",
                        ProtocolName = "range",
                        Members = [new() { MemberId = "m", Metadata = request.Protocols[0].Metadata.ToArray() }],
                    }
                ),
                SyncGroupRequest => new Reply(
                    new SyncGroupResponse
                    {
                        ProtocolType = "consumer",
                        ProtocolName = "range",
                        Assignment = GroupSubscriptions.WriteAssignment([.. All.Select(i => new TopicPartition(topic.Name, i))]),
                    }
                ),
                ConsumerGroupHeartbeatRequest request => new Reply(
                    new ConsumerGroupHeartbeatResponse
                    {
                        MemberEpoch = 2,
                        HeartbeatIntervalMs = 1000,
                        Assignment =
                            request.MemberEpoch == 0
                                ? new() { TopicPartitions = [new() { TopicId = topic.Id, Partitions = [.. All] }] }
                                : null,
                    }
                ),
                OffsetFetchRequest request => new Reply(Nothing(request)),
                OffsetCommitRequest request => new Reply(
                    new OffsetCommitResponse
                    {
                        Topics = request.Topics.ConvertAll(each => new OffsetCommitResponse.OffsetCommitTopicResult
                        {
                            Name = each.Name,
                            TopicId = each.TopicId,
                            Partitions = each.Partitions.ConvertAll(static part => new OffsetCommitResponse.OffsetCommitPartitionResult
                            {
                                PartitionIndex = part.PartitionIndex,
                            }),
                        }),
                    }
                ),
                TxnOffsetCommitRequest request => new Reply(
                    new TxnOffsetCommitResponse
                    {
                        Topics = request.Topics.ConvertAll(static each => new TxnOffsetCommitResponse.TxnOffsetCommitTopicResult
                        {
                            Name = each.Name,
                            Partitions = each.Partitions.ConvertAll(
                                static part => new TxnOffsetCommitResponse.TxnOffsetCommitPartitionResult
                                {
                                    PartitionIndex = part.PartitionIndex,
                                }
                            ),
                        }),
                    }
                ),
                _ => inner.Respond(message),
            };

        private static OffsetFetchResponse Nothing(OffsetFetchRequest request) =>
            new()
            {
                Groups = request.Groups.ConvertAll(static group => new OffsetFetchResponse.OffsetFetchGroupResult
                {
                    GroupId = group.GroupId,
                    Topics =
                        group.Topics?.ConvertAll(static topic => new OffsetFetchResponse.OffsetFetchGroupTopicResult
                        {
                            Name = topic.Name,
                            TopicId = topic.TopicId,
                            Partitions = topic.PartitionIndexes.ConvertAll(
                                static index => new OffsetFetchResponse.OffsetFetchGroupPartitionResult
                                {
                                    PartitionIndex = index,
                                    CommittedOffset = Offset.None,
                                }
                            ),
                        })
                        ?? [],
                }),
            };
    }
}
