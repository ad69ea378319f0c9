using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>What a node that is no broker answers to the tools of administrators (KIP-919).</summary>
public sealed class ControllerListenerTests
{
    private const string OneController = """
        {
          "defaults": { "log.dirs": "/data" },
          "nodes": [
            { "node.id": 1, "process.roles": "controller", "listeners": "CONTROLLER://a:9093", "queued.max.requests": "77" },
            { "node.id": 2, "process.roles": "broker", "listeners": "PLAINTEXT://b:9092" }
          ]
        }
        """;

    private const sbyte BrokerType = 4;
    private const sbyte Append = 2;
    private static readonly NetworkAddress Controller = new("a", 9093);

    [Fact]
    public async Task A_controller_describes_its_own_configuration_and_that_of_all_and_no_other_nodes()
    {
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(OneController, network);
        await nodes.StartAsync();
        await RawCall.AskAsync(
            network,
            Controller,
            new IncrementalAlterConfigsRequest
            {
                Resources = [Set("", "message.max.bytes", "2000000"), Set("1", "background.threads", "5")],
            }
        );
        await NodesInMemory.UntilAsync("the controller has replayed it", () => nodes.All[0].Node.Image.Configs.Count == 2);

        DescribeConfigsResponse response = await RawCall.AskAsync(
            network,
            Controller,
            new DescribeConfigsRequest { Resources = [Described("1"), Described(""), Described("2")] }
        );

        DescribeConfigsResponse.DescribeConfigsResult itself = response.Results[0];
        Assert.Equal(ErrorCode.None, itself.ErrorCode);
        Assert.Equal("controller", ValueOf(itself, "process.roles"));
        Assert.Equal("77", ValueOf(itself, "queued.max.requests"));
        Assert.Equal("5", ValueOf(itself, "background.threads"));
        Assert.Equal("2000000", ValueOf(itself, "message.max.bytes"));
        Assert.Equal(["message.max.bytes"], response.Results[1].Configs.Select(each => each.Name));
        Assert.Equal(ErrorCode.InvalidRequest, response.Results[2].ErrorCode);
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_list_that_is_appended_to_until_no_record_could_hold_it_is_rejected()
    {
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(OneController, network);
        await nodes.StartAsync();
        List<ErrorCode> results = [];
        for (int i = 0; i < 3; i++)
        {
            IncrementalAlterConfigsRequest.AlterConfigsResource append = Set("", "metric.reporters", $"{i}{new string('a', 15_000)}");
            append.Configs[0].ConfigOperation = Append;
            IncrementalAlterConfigsResponse response = await RawCall.AskAsync(
                network,
                Controller,
                new IncrementalAlterConfigsRequest { Resources = [append] }
            );
            results.Add(response.Responses[0].ErrorCode);
        }

        Assert.Equal([ErrorCode.None, ErrorCode.None, ErrorCode.InvalidConfig], results);
        await nodes.StopAsync();
    }

    [Fact]
    public async Task An_error_that_would_quote_more_than_a_text_can_hold_is_told_in_short()
    {
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(OneController, network);
        await nodes.StartAsync();
        string huge = new('x', short.MaxValue);
        foreach (NetworkAddress address in (NetworkAddress[])[Controller, new("b", 9092)])
        {
            IncrementalAlterConfigsResponse altered = await RawCall.AskAsync(
                network,
                address,
                new IncrementalAlterConfigsRequest { Resources = [Set("", "message.max.bytes", huge), Set(huge, "message.max.bytes", "5")] }
            );
            Assert.Equal([ErrorCode.InvalidRequest, ErrorCode.InvalidRequest], altered.Responses.Select(each => each.ErrorCode));
            DescribeConfigsResponse described = await RawCall.AskAsync(
                network,
                address,
                new DescribeConfigsRequest { Resources = [Described(huge)] }
            );
            Assert.Equal(ErrorCode.InvalidRequest, described.Results[0].ErrorCode);
            UpdateFeaturesResponse updated = await RawCall.AskAsync(
                network,
                address,
                new UpdateFeaturesRequest
                {
                    TimeoutMs = 10_000,
                    FeatureUpdates =
                    [
                        new()
                        {
                            Feature = huge,
                            MaxVersionLevel = 1,
                            UpgradeType = 1,
                        },
                    ],
                }
            );
            Assert.Equal(ErrorCode.InvalidUpdateVersion, updated.ErrorCode);
        }

        await nodes.StopAsync();
    }

    private static string? ValueOf(DescribeConfigsResponse.DescribeConfigsResult result, string key) =>
        result.Configs.Single(each => each.Name == key).Value;

    private static DescribeConfigsRequest.DescribeConfigsResource Described(string name) =>
        new()
        {
            ResourceType = BrokerType,
            ResourceName = name,
            ConfigurationKeys = null,
        };

    private static IncrementalAlterConfigsRequest.AlterConfigsResource Set(string name, string key, string value) =>
        new()
        {
            ResourceType = BrokerType,
            ResourceName = name,
            Configs = [new() { Name = key, Value = value }],
        };
}
