using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Describing configuration.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class DescribeConfigsTests(BothNodes nodes)
{
    private const string Topic = "describe-configs";
    private const sbyte TopicType = 2;
    private const sbyte BrokerType = 4;
    private const sbyte BrokerLoggerType = 8;
    private const sbyte ClientMetricsType = 16;
    private const sbyte GroupType = 32;

    private static readonly string[] Paths = ["log.dirs", "listeners", "advertised.listeners", "controller.quorum.voters"];

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateAsync(nodes, Topic, 1, ("retention.ms", "7200000"));
        await Script.CompareAsync(
            nodes,
            "DescribeConfigs",
            [
                Case.Of("a topic", p => p.AskAsync(Request(TopicType, Topic))),
                Case.Of("a topic with origins", p => p.AskAsync(Request(TopicType, Topic, r => r.IncludeSynonyms = true))),
                Case.Of(
                    "a topic, two keys and one that is none",
                    p =>
                        p.AskAsync(
                            Request(
                                TopicType,
                                Topic,
                                r => r.Resources[0].ConfigurationKeys = ["retention.ms", "cleanup.policy", "no.such.key"]
                            )
                        )
                ),
                Case.Of("a topic, no key", p => p.AskAsync(Request(TopicType, Topic, r => r.Resources[0].ConfigurationKeys = []))),
                Case.Of("a topic, oldest version", p => p.AskVersionAsync(Request(TopicType, Topic), 1)),
                Case.Of("an unknown topic", p => p.AskAsync(Request(TopicType, "describe-unknown"))),
                Case.Of("a topic whose name cannot be", p => p.AskAsync(Request(TopicType, "describe me!"))),
                Case.Of("the broker", p => BrokerAsync(p, "1")),
                Case.Of("all brokers", p => BrokerAsync(p, "")),
                Case.Of("an unknown broker", p => p.AskAsync(Request(BrokerType, "9"))),
                Case.Of("a broker whose name is no number", p => p.AskAsync(Request(BrokerType, "one"))),
                Case.Of("a group", p => p.AskAsync(Request(GroupType, "describe-group"))),
                Case.Of("a group without a name", p => p.AskAsync(Request(GroupType, ""))),
                Case.Of("client metrics", p => p.AskAsync(Request(ClientMetricsType, "describe-metrics"))),
                Case.Of("client metrics without a name", p => p.AskAsync(Request(ClientMetricsType, ""))),
                Case.Of("loggers of no broker", p => p.AskAsync(Request(BrokerLoggerType, ""))),
                Case.Of("loggers of an unknown broker", p => p.AskAsync(Request(BrokerLoggerType, "9"))),
                Case.Of("loggers of a broker whose name is no number", p => p.AskAsync(Request(BrokerLoggerType, "one"))),
                Case.Of("a topic without a name", p => p.AskAsync(Request(TopicType, ""))),
                Case.Of("an unknown kind", p => p.AskAsync(Request(77, "x"))),
                Case.Of("the broker as a controller", p => BrokerAsync(p.Controller, "1")),
                Case.Of("the broker as a controller, oldest version", p => BrokerAsync(p.Controller, "1", 1)),
                Case.Of("all brokers, from a controller", p => BrokerAsync(p.Controller, "")),
                Case.Of("another node, from a controller", p => p.Controller.AskAsync(Request(BrokerType, "9"))),
                Case.Of("a node whose name is no number, from a controller", p => p.Controller.AskAsync(Request(BrokerType, "one"))),
                Case.Of("a topic, from a controller", p => p.Controller.AskAsync(Request(TopicType, Topic))),
                Case.Of("an unknown topic, from a controller", p => p.Controller.AskAsync(Request(TopicType, "describe-unknown"))),
                Case.Of("a group, from a controller", p => p.Controller.AskAsync(Request(GroupType, "describe-group"))),
                Case.Of("client metrics, from a controller", p => p.Controller.AskAsync(Request(ClientMetricsType, "describe-metrics"))),
                Case.Of("loggers of an unknown controller", p => p.Controller.AskAsync(Request(BrokerLoggerType, "9"))),
                Case.Of("an unknown kind, from a controller", p => p.Controller.AskAsync(Request(77, "x"))),
                Case.Of("nothing", p => p.AskAsync(new DescribeConfigsRequest())),
            ]
        );
    }

    /// <summary>A broker's configuration without the values that are places.</summary>
    private static async Task<DescribeConfigsResponse> BrokerAsync(Peer peer, string name, short version = short.MaxValue)
    {
        DescribeConfigsResponse response = await peer.AskAsync(Request(BrokerType, name), version);
        foreach (DescribeConfigsResponse.ResourceConfig config in response.Results[0].Configs.Where(config => Paths.Contains(config.Name)))
        {
            config.Value = "<place>";
        }

        return response;
    }

    private static DescribeConfigsRequest Request(sbyte type, string name, Action<DescribeConfigsRequest>? change = null)
    {
        DescribeConfigsRequest request = new()
        {
            Resources =
            [
                new()
                {
                    ResourceType = type,
                    ResourceName = name,
                    ConfigurationKeys = null,
                },
            ],
        };
        change?.Invoke(request);
        return request;
    }
}
