using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Changing configuration.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class IncrementalAlterConfigsTests(BothNodes nodes)
{
    private const string Topic = "alter";
    private const sbyte TopicType = 2;
    private const sbyte BrokerType = 4;
    private const sbyte Set = 0;
    private const sbyte Delete = 1;
    private const sbyte Append = 2;
    private const sbyte Subtract = 3;

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateAsync(nodes, Topic);
        await Script.CompareAsync(
            nodes,
            "IncrementalAlterConfigs",
            [
                Case.Of("set", p => p.AskAsync(Request(TopicType, Topic, Set, "retention.ms", "1000"))),
                Case.Of("append", p => p.AskAsync(Request(TopicType, Topic, Append, "cleanup.policy", "compact"))),
                Case.Of("append what is there", p => p.AskAsync(Request(TopicType, Topic, Append, "cleanup.policy", "compact"))),
                Case.Of("subtract", p => p.AskAsync(Request(TopicType, Topic, Subtract, "cleanup.policy", "delete"))),
                Case.Of("the result", p => ResultAsync(p, "alter-marker-1")),
                Case.Of("delete", p => p.AskAsync(Request(TopicType, Topic, Delete, "retention.ms", null))),
                Case.Of("delete what is not set", p => p.AskAsync(Request(TopicType, Topic, Delete, "retention.ms", null))),
                Case.Of("checked only", p => p.AskAsync(Request(TopicType, Topic, Set, "retention.ms", "5", r => r.ValidateOnly = true))),
                Case.Of("the result after", p => ResultAsync(p, "alter-marker-2")),
                Case.Of("append to what is no list", p => p.AskAsync(Request(TopicType, Topic, Append, "retention.ms", "5"))),
                Case.Of("set without a value", p => p.AskAsync(Request(TopicType, Topic, Set, "retention.ms", null))),
                Case.Of("an unknown operation", p => p.AskAsync(Request(TopicType, Topic, 9, "retention.ms", "5"))),
                Case.Of("an unknown key", p => p.AskAsync(Request(TopicType, Topic, Set, "no.such.key", "5"))),
                Case.Of("a value that cannot be", p => p.AskAsync(Request(TopicType, Topic, Set, "retention.ms", "soon"))),
                Case.Of("a value that is none of the choices", p => p.AskAsync(Request(TopicType, Topic, Set, "cleanup.policy", "burn"))),
                Case.Of(
                    "the same key twice",
                    p =>
                        p.AskAsync(
                            Request(
                                TopicType,
                                Topic,
                                Set,
                                "retention.ms",
                                "5",
                                r => r.Resources[0].Configs.Add(new() { Name = "retention.ms", ConfigOperation = Delete })
                            )
                        )
                ),
                Case.Of(
                    "the same topic twice",
                    p => p.AskAsync(Request(TopicType, Topic, Set, "retention.ms", "5", r => r.Resources.Add(r.Resources[0])))
                ),
                Case.Of("an unknown topic", p => p.AskAsync(Request(TopicType, "alter-unknown", Set, "retention.ms", "5"))),
                Case.Of("an unknown broker", p => p.AskAsync(Request(BrokerType, "9", Set, "log.cleaner.threads", "2"))),
                Case.Of("a broker key that is read only", p => p.AskAsync(Request(BrokerType, "1", Set, "broker.rack", "x"))),
                Case.Of("a key of all brokers", p => p.AskAsync(Request(BrokerType, "", Set, "message.max.bytes", "1048588"))),
                Case.Of("a key of all brokers, taken back", p => p.AskAsync(Request(BrokerType, "", Delete, "message.max.bytes", null))),
                Case.Of("an unknown kind", p => p.AskAsync(Request(77, "x", Set, "a", "b"))),
                Case.Of("oldest version", p => p.AskVersionAsync(Request(TopicType, Topic, Set, "retention.ms", "1000"), 0)),
                Case.Of("nothing", p => p.AskAsync(new IncrementalAlterConfigsRequest())),
            ]
        );
    }

    /// <summary>The topic's own configuration, once the node that is asked has learnt of the last change.</summary>
    private static async Task<DescribeConfigsResponse> ResultAsync(Peer peer, string marker)
    {
        await Topics.CreateMarkerAsync(peer, marker);
        return await peer.AskAsync(
            new DescribeConfigsRequest
            {
                Resources =
                [
                    new()
                    {
                        ResourceType = TopicType,
                        ResourceName = Topic,
                        ConfigurationKeys = ["retention.ms", "cleanup.policy"],
                    },
                ],
            }
        );
    }

    private static IncrementalAlterConfigsRequest Request(
        sbyte type,
        string name,
        sbyte operation,
        string key,
        string? value,
        Action<IncrementalAlterConfigsRequest>? change = null
    )
    {
        IncrementalAlterConfigsRequest request = new()
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
                            ConfigOperation = operation,
                            Value = value,
                        },
                    ],
                },
            ],
        };
        change?.Invoke(request);
        return request;
    }
}
