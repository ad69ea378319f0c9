using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Configuration of groups and client metrics, and what has configuration.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class ListConfigResourcesTests(BothNodes nodes)
{
    private const sbyte TopicType = 2;
    private const sbyte BrokerType = 4;
    private const sbyte BrokerLoggerType = 8;
    private const sbyte ClientMetricsType = 16;
    private const sbyte GroupType = 32;
    private const string Topic = "resources";
    private const string Group = "resources-group";
    private const string Subscription = "resources-metrics";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateAsync(nodes, Topic);
        await Script.CompareAsync(
            nodes,
            "IncrementalAlterConfigs, groups",
            [
                Case.Of("a group's key", p => p.AskAsync(Set(GroupType, Group, "consumer.session.timeout.ms", "50000"))),
                Case.Of("a group's key, too small", p => p.AskAsync(Set(GroupType, Group, "consumer.session.timeout.ms", "5"))),
                Case.Of("a group's key, no number", p => p.AskAsync(Set(GroupType, Group, "consumer.session.timeout.ms", "x"))),
                Case.Of("a group's unknown key", p => p.AskAsync(Set(GroupType, Group, "foo", "5"))),
                Case.Of("a group without a name", p => p.AskAsync(Set(GroupType, "", "consumer.session.timeout.ms", "50000"))),
                Case.Of("client metrics", p => p.AskAsync(Set(ClientMetricsType, Subscription, "interval.ms", "1000"))),
                Case.Of("client metrics, too often", p => p.AskAsync(Set(ClientMetricsType, Subscription, "interval.ms", "10"))),
                Case.Of("client metrics, an unknown key", p => p.AskAsync(Set(ClientMetricsType, Subscription, "foo", "10"))),
                Case.Of("client metrics without a name", p => p.AskAsync(Set(ClientMetricsType, "", "interval.ms", "1000"))),
            ]
        );
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Topics.CreateMarkerAsync(peer, "resources-marker");
        }

        await Script.CompareAsync(
            nodes,
            "DescribeConfigs, groups",
            [
                Case.Of("a group", p => p.AskAsync(Describe(GroupType, Group))),
                Case.Of("an unknown group", p => p.AskAsync(Describe(GroupType, "resources-none"))),
                Case.Of("a group without a name", p => p.AskAsync(Describe(GroupType, ""))),
                Case.Of("client metrics", p => p.AskAsync(Describe(ClientMetricsType, Subscription))),
                Case.Of("unknown client metrics", p => p.AskAsync(Describe(ClientMetricsType, "resources-none"))),
                Case.Of("client metrics without a name", p => p.AskAsync(Describe(ClientMetricsType, ""))),
            ]
        );
        await Script.CompareAsync(
            nodes,
            "ListConfigResources",
            [
                Case.Of("groups", p => p.AskAsync(List(GroupType))),
                Case.Of("client metrics", p => p.AskAsync(List(ClientMetricsType))),
                Case.Of("brokers", p => p.AskAsync(List(BrokerType))),
                Case.Of("brokers' loggers and groups", p => p.AskAsync(List(BrokerLoggerType, GroupType))),
                Case.Of("the same type twice", p => p.AskAsync(List(BrokerType, BrokerType))),
                Case.Of("an unknown type", p => p.AskAsync(List(3))),
                Case.Of("oldest version", p => p.AskVersionAsync(new ListConfigResourcesRequest(), 0)),
                Case.Of(
                    "topics hold what was created",
                    async p => new Held
                    {
                        Topic = (await p.AskAsync(List(TopicType))).ConfigResources.Exists(each => each.ResourceName == Topic),
                    }
                ),
                Case.Of(
                    "everything holds all types",
                    async p => new Held { Types = Kinds(await p.AskAsync(new ListConfigResourcesRequest())) }
                ),
            ]
        );
        await Script.CompareAsync(
            nodes,
            "deletion",
            [
                Case.Of("a group's key, deleted", p => p.AskAsync(Change(GroupType, Group, "consumer.session.timeout.ms", null, 1))),
                Case.Of("client metrics, deleted", p => p.AskAsync(Change(ClientMetricsType, Subscription, "interval.ms", null, 1))),
            ]
        );
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Topics.CreateMarkerAsync(peer, "resources-marker-2");
        }

        await Script.CompareAsync(
            nodes,
            "ListConfigResources",
            [
                Case.Of("groups, none left", p => p.AskAsync(List(GroupType))),
                Case.Of("client metrics, none left", p => p.AskAsync(List(ClientMetricsType))),
            ]
        );
    }

    private static string Kinds(ListConfigResourcesResponse response) =>
        string.Join(",", response.ConfigResources.Select(each => each.ResourceType).Distinct().Order());

    private static IncrementalAlterConfigsRequest Set(sbyte type, string name, string key, string value) =>
        Change(type, name, key, value, 0);

    private static IncrementalAlterConfigsRequest Change(sbyte type, string name, string key, string? value, sbyte operation) =>
        new()
        {
            Resources =
            [
                new()
                {
                    ResourceType = type,
                    ResourceName = name,
                    Configs =
                    [
                        new()
                        {
                            Name = key,
                            Value = value,
                            ConfigOperation = operation,
                        },
                    ],
                },
            ],
        };

    private static DescribeConfigsRequest Describe(sbyte type, string name) =>
        new()
        {
            IncludeSynonyms = true,
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

    private static ListConfigResourcesRequest List(params sbyte[] types) => new() { ResourceTypes = [.. types] };

    private sealed class Held
    {
        public bool Topic { get; set; }

        public string Types { get; set; } = "";
    }
}
