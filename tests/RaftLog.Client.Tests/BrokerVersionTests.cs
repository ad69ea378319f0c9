using System.IO.Compression;
using System.Text.Json;
using RaftLog.Client.Admin;
using RaftLog.Client.Connections;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Tests;

/// <summary>Which versions the client chooses with the releases of Kafka whose tables were recorded, back to 2.1.</summary>
public class BrokerVersionTests
{
    /// <summary>What newer brokers have and older ones need not: the client asks in another way there.</summary>
    private static readonly HashSet<ApiKey> Replaced =
    [
        ApiKey.DescribeCluster,
        ApiKey.DescribeTopicPartitions,
        ApiKey.ConsumerGroupDescribe,
    ];

    public static TheoryData<string> Releases => [.. BrokerTable.All.Select(static each => $"{each}")];

    [Theory]
    [MemberData(nameof(Releases))]
    public void The_chosen_version_of_each_API_is_served_and_has_golden_frames(string release)
    {
        BrokerTable table = BrokerTable.Of(release);
        ApiVersionTable told = ApiVersionTable.From(table.Respond(table.HighestOf(ApiKey.ApiVersions)).Response);
        int chosen = 0;
        foreach (ApiDescription api in ApiCatalog.All)
        {
            bool isServed = table.HighestOf(api.Key) >= api.LowestVersion;
            Assert.True(told.TryChoose(api.Key, short.MaxValue, out short version) == isServed, $"{api.Key}");
            if (isServed)
            {
                Assert.True(table.Serves(api.Key, version) && api.Supports(version), $"{api.Key} v{version}");
                Assert.Equal(Math.Min(table.HighestOf(api.Key), api.HighestVersion), version);
                Assert.True(Frames($"{api.Name}Request", version, api.NewRequest) >= 4, $"{api.Key} v{version}");
                Assert.True(Frames($"{api.Name}Response", version, api.NewResponse) >= 4, $"{api.Key} v{version}");
                chosen++;
            }
        }

        Assert.True(chosen >= 25, $"{chosen} APIs");
    }

    [Fact]
    public void What_a_request_needs_is_what_the_releases_since_then_serve()
    {
        foreach (IMessage request in Needy)
        {
            VersionNeed need = VersionNeed.Of(request) ?? throw new InvalidOperationException($"{request} needs nothing");
            ApiKey api = ApiCatalog.All.Single(each => each.NewRequest().GetType() == request.GetType()).Key;
            string[] since = need.Since.Split(" with ");
            foreach (BrokerTable table in BrokerTable.All)
            {
                bool isSince = table.Release >= Version.Parse(since[0]) && (since.Length == 1 || table.IsKRaft);
                Assert.True(isSince == table.HighestOf(api) >= need.Lowest, $"{need} with {table}, which serves {table.HighestOf(api)}");
            }
        }
    }

    [Fact]
    public void Whatever_Kafka_2_1_does_not_serve_says_what_it_needs_or_is_asked_in_another_way()
    {
        BrokerTable oldest = BrokerTable.All[0];
        Assert.All(
            ServedApiTests.AskedOfBrokers.Where(api =>
                ApiCatalog.TryFind(api, out ApiDescription? own) && oldest.HighestOf(api) < own.LowestVersion
            ),
            static api =>
            {
                ApiCatalog.TryFind(api, out ApiDescription? own);
                Assert.True(
                    Replaced.Contains(api) || api == ApiKey.ConsumerGroupHeartbeat || VersionNeed.Of(own!.NewRequest()) is not null,
                    $"{api}"
                );
            }
        );
    }

    [Fact]
    public void What_every_broker_understands_needs_nothing()
    {
        Assert.Null(VersionNeed.Of(new JoinGroupRequest()));
        Assert.Null(VersionNeed.Of(new LeaveGroupRequest { Members = [new() { MemberId = "m" }] }));
        Assert.Null(
            VersionNeed.Of(
                new CreateTopicsRequest
                {
                    Topics =
                    [
                        new()
                        {
                            Name = "t",
                            NumPartitions = 1,
                            ReplicationFactor = 1,
                        },
                    ],
                }
            )
        );
        Assert.Null(VersionNeed.Of(new TxnOffsetCommitRequest()));
        Assert.Null(VersionNeed.Of(new InitProducerIdRequest { TransactionalId = "t" }));
        Assert.Null(VersionNeed.Of(new ListOffsetsRequest { Topics = [new() { Partitions = [new() { Timestamp = -1 }] }] }));
    }

    private static List<IMessage> Needy =>
        [
            new ListOffsetsRequest { Topics = [new() { Partitions = [new() { Timestamp = OffsetSpec.MaxTimestamp.Timestamp }] }] },
            new JoinGroupRequest { GroupInstanceId = "i" },
            new LeaveGroupRequest { Members = [new() { MemberId = "a" }, new() { MemberId = "b" }] },
            new LeaveGroupRequest { Members = [new() { GroupInstanceId = "i" }] },
            new CreateTopicsRequest
            {
                Topics =
                [
                    new()
                    {
                        Name = "t",
                        NumPartitions = -1,
                        ReplicationFactor = 1,
                    },
                ],
            },
            new InitProducerIdRequest { TransactionalId = "t", ProducerId = new ProducerId(1) },
            new WriteTxnMarkersRequest(),
            new TxnOffsetCommitRequest { GenerationId = 1 },
            new ElectLeadersRequest { ElectionType = 0 },
            new ElectLeadersRequest { ElectionType = 1 },
            new IncrementalAlterConfigsRequest(),
            new AlterPartitionReassignmentsRequest(),
            new ListPartitionReassignmentsRequest(),
            new OffsetDeleteRequest(),
            new DescribeQuorumRequest(),
            new UpdateFeaturesRequest(),
            new DescribeProducersRequest(),
            new UnregisterBrokerRequest(),
            new DescribeTransactionsRequest(),
            new ListTransactionsRequest(),
            new ConsumerGroupHeartbeatRequest { SubscribedTopicRegex = "a.*" },
            new ListConfigResourcesRequest { ResourceTypes = [(sbyte)ConfigResourceType.ClientMetrics] },
            new ListConfigResourcesRequest { ResourceTypes = [(sbyte)ConfigResourceType.Topic] },
        ];

    /// <summary>How many golden frames of a version there are; each is written again as the same bytes.</summary>
    private static int Frames(string message, short version, Func<IMessage> make)
    {
        int count = 0;
        foreach (byte[] frame in Golden.Value[(message, version)])
        {
            IMessage read = make();
            WireReader reader = new(frame);
            read.Read(ref reader, version);
            WireWriter writer = new();
            read.Write(writer, version);
            Assert.Equal(frame, writer.ToArray());
            count++;
        }

        return count;
    }

    private static readonly Lazy<ILookup<(string, short), byte[]>> Golden = new(() =>
        Rows()
            .ToLookup(
                static row => (row.GetProperty("message").GetString()!, row.GetProperty("version").GetInt16()),
                static row => Convert.FromHexString(row.GetProperty("hex").GetString()!)
            )
    );

    private static IEnumerable<JsonElement> Rows()
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Golden", "Messages.jsonl.gz"));
        using StreamReader text = new(new GZipStream(file, CompressionMode.Decompress));
        while (text.ReadLine() is { } line)
        {
            yield return JsonDocument.Parse(line).RootElement;
        }
    }
}
