using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Replacing configuration.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class AlterConfigsTests(BothNodes nodes)
{
    private const string Topic = "replace";
    private const sbyte TopicType = 2;
    private const sbyte BrokerType = 4;
    private const sbyte BrokerLoggerType = 8;
    private const sbyte ClientMetricsType = 16;
    private const sbyte GroupType = 32;

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateAsync(nodes, Topic, 1, ("retention.ms", "7200000"), ("cleanup.policy", "compact"));
        await Script.CompareAsync(
            nodes,
            "AlterConfigs",
            [
                Case.Of("a topic", p => p.AskAsync(Request(TopicType, Topic, ("retention.ms", "1000")))),
                Case.Of("the result", p => Topics.ConfigurationAsync(p, Topic, "replace-marker-1")),
                Case.Of("a topic, oldest version", p => p.AskVersionAsync(Request(TopicType, Topic, ("retention.ms", "2000")), 0)),
                Case.Of("to nothing", p => p.AskAsync(Request(TopicType, Topic))),
                Case.Of("the result of nothing", p => Topics.ConfigurationAsync(p, Topic, "replace-marker-2")),
                Case.Of("an unknown key", p => p.AskAsync(Check(TopicType, Topic, ("no.such.key", "5")))),
                Case.Of("a key without a name", p => p.AskAsync(Check(TopicType, Topic, ("", "5")))),
                Case.Of("a key without a value", p => p.AskAsync(Check(TopicType, Topic, ("retention.ms", null)))),
                Case.Of("a value that cannot be", p => p.AskAsync(Check(TopicType, Topic, ("retention.ms", "soon")))),
                Case.Of("the same key twice", p => p.AskAsync(Check(TopicType, Topic, ("retention.ms", "5"), ("retention.ms", "6")))),
                Case.Of("the same topic twice", p => p.AskAsync(Twice(Check(TopicType, Topic, ("retention.ms", "5"))))),
                Case.Of("an unknown topic", p => p.AskAsync(Check(TopicType, "replace-unknown", ("retention.ms", "5")))),
                Case.Of("a topic whose name cannot be", p => p.AskAsync(Check(TopicType, "replace me!", ("retention.ms", "5")))),
                Case.Of("a topic without a name", p => p.AskAsync(Check(TopicType, "", ("retention.ms", "5")))),
                Case.Of("all brokers", p => p.AskAsync(Check(BrokerType, "", ("message.max.bytes", "1048588")))),
                Case.Of("the broker", p => p.AskAsync(Check(BrokerType, "1", ("log.cleaner.threads", "2")))),
                Case.Of("a broker whose name is no number", p => p.AskAsync(Check(BrokerType, "one", ("log.cleaner.threads", "2")))),
                Case.Of("a broker below zero", p => p.AskAsync(Check(BrokerType, "-1", ("log.cleaner.threads", "2")))),
                Case.Of("a group", p => p.AskAsync(Check(GroupType, "replaced", ("consumer.session.timeout.ms", "50000")))),
                Case.Of("a group without a name", p => p.AskAsync(Check(GroupType, "", ("consumer.session.timeout.ms", "50000")))),
                Case.Of("client metrics", p => p.AskAsync(Check(ClientMetricsType, "replaced", ("interval.ms", "1000")))),
                Case.Of("client metrics without a name", p => p.AskAsync(Check(ClientMetricsType, "", ("interval.ms", "1000")))),
                Case.Of("loggers", p => p.AskAsync(Check(BrokerLoggerType, "1", ("kafka", "INFO")))),
                Case.Of("loggers of no broker", p => p.AskAsync(Check(BrokerLoggerType, "", ("kafka", "INFO")))),
                Case.Of("an unknown kind", p => p.AskAsync(Check(77, "x", ("a", "b")))),
                Case.Of("a kind of zero", p => p.AskAsync(Check(0, "x", ("a", "b")))),
                Case.Of("nothing", p => p.AskAsync(new AlterConfigsRequest())),
            ]
        );
    }

    private static AlterConfigsRequest Twice(AlterConfigsRequest request)
    {
        request.Resources.Add(request.Resources[0]);
        return request;
    }

    private static AlterConfigsRequest Check(sbyte type, string name, params (string Key, string? Value)[] values)
    {
        AlterConfigsRequest request = Request(type, name, values);
        request.ValidateOnly = true;
        return request;
    }

    private static AlterConfigsRequest Request(sbyte type, string name, params (string Key, string? Value)[] values) =>
        new()
        {
            Resources =
            [
                new()
                {
                    ResourceType = type,
                    ResourceName = name,
                    Configs = [.. values.Select(each => new AlterConfigsRequest.AlterableConfig { Name = each.Key, Value = each.Value })],
                },
            ],
        };
}
