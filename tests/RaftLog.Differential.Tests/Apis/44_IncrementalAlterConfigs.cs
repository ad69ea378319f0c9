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
    private const string Odd = "alter-odd";
    private const sbyte TopicType = 2;
    private const sbyte BrokerType = 4;
    private const sbyte BrokerLoggerType = 8;
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
                Case.Of("the result", p => Topics.ConfigurationAsync(p, Topic, "alter-marker-1")),
                Case.Of("delete", p => p.AskAsync(Request(TopicType, Topic, Delete, "retention.ms", null))),
                Case.Of("delete what is not set", p => p.AskAsync(Request(TopicType, Topic, Delete, "retention.ms", null))),
                Case.Of("checked only", p => p.AskAsync(Request(TopicType, Topic, Set, "retention.ms", "5", r => r.ValidateOnly = true))),
                Case.Of("the result after", p => Topics.ConfigurationAsync(p, Topic, "alter-marker-2")),
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

    [KafkaFact]
    public async Task Odd_values_are_judged_as_Kafkas()
    {
        await Topics.CreateAsync(nodes, Odd);
        (string Key, string Value)[] topics =
        [
            ("", "5"),
            ("retention.ms", ""),
            ("retention.ms", " 5 "),
            ("retention.ms", "+5"),
            ("retention.ms", "5.0"),
            ("retention.ms", "1e3"),
            ("retention.ms", "-1"),
            ("retention.ms", "-2"),
            ("retention.ms", "9223372036854775808"),
            ("retention.ms", "５"),
            ("unclean.leader.election.enable", "TRUE"),
            ("unclean.leader.election.enable", " true "),
            ("unclean.leader.election.enable", "yes"),
            ("unclean.leader.election.enable", "1"),
            ("min.cleanable.dirty.ratio", "0.5"),
            ("min.cleanable.dirty.ratio", "1.5"),
            ("min.cleanable.dirty.ratio", "NaN"),
            ("min.cleanable.dirty.ratio", "1d"),
            ("min.cleanable.dirty.ratio", "0,5"),
            ("min.cleanable.dirty.ratio", "Infinity"),
            ("cleanup.policy", ""),
            ("cleanup.policy", "delete,delete"),
            ("cleanup.policy", ",delete"),
            ("cleanup.policy", "delete,"),
            ("cleanup.policy", " delete , compact "),
            ("cleanup.policy", "Delete"),
            ("compression.type", "GZIP"),
            ("compression.type", " gzip"),
            ("compression.gzip.level", "-1"),
            ("compression.gzip.level", "0"),
            ("compression.gzip.level", "10"),
            ("compression.lz4.level", "18"),
            ("compression.zstd.level", "-131073"),
            ("message.timestamp.type", "logappendtime"),
            ("message.timestamp.type", "LogAppendTime"),
            ("follower.replication.throttled.replicas", "*"),
            ("follower.replication.throttled.replicas", "0:1,1:2"),
            ("follower.replication.throttled.replicas", "0:1,*"),
            ("follower.replication.throttled.replicas", "0"),
            ("follower.replication.throttled.replicas", ""),
            ("segment.bytes", "1"),
            ("segment.bytes", "1048576"),
            ("segment.bytes", "2147483648"),
            ("segment.index.bytes", "3"),
            ("segment.jitter.ms", "-1"),
            ("index.interval.bytes", "-1"),
            ("max.message.bytes", "-1"),
            ("min.insync.replicas", "0"),
            ("min.insync.replicas", "2"),
            ("max.compaction.lag.ms", "0"),
            ("min.compaction.lag.ms", "-1"),
            ("file.delete.delay.ms", "-1"),
            ("flush.messages", "0"),
            ("flush.ms", "-1"),
            ("local.retention.ms", "-2"),
            ("local.retention.ms", "-3"),
            ("preallocate", "true"),
        ];
        (string Key, string Value)[] brokers =
        [
            ("", "5"),
            ("no.such.key", "5"),
            ("num.io.threads", "x"),
            ("num.io.threads", "0"),
            ("num.io.threads", "1000"),
            ("log.cleaner.threads", "1000"),
            ("log.cleaner.threads", "2"),
            ("log.cleaner.threads", "-1"),
            ("message.max.bytes", "-1"),
            ("log.retention.ms", "-1"),
            ("log.segment.bytes", "1"),
            ("min.insync.replicas", "0"),
            ("log.cleanup.policy", "burn"),
            ("log.cleaner.dedupe.buffer.size", "5"),
            ("max.connections.per.ip.overrides", "127.0.0.1:5"),
            ("max.connections.per.ip.overrides", "junk"),
            ("node.id", "5"),
            ("listeners", "PLAINTEXT://127.0.0.1:1"),
            ("compression.type", "burn"),
            ("log.flush.interval.messages", "0"),
            ("unclean.leader.election.enable", "maybe"),
            ("leader.replication.throttled.rate", "-1"),
            ("follower.replication.throttled.rate", "0"),
            ("follower.replication.throttled.rate", "1.5"),
        ];
        await Script.CompareAsync(
            nodes,
            "IncrementalAlterConfigs, odd values",
            [
                .. topics.Select(each =>
                    Case.Of($"topic {each.Key}={each.Value}", p => p.AskAsync(Check(TopicType, Odd, Set, each.Key, each.Value)))
                ),
                .. brokers.Select(each =>
                    Case.Of($"all brokers {each.Key}={each.Value}", p => p.AskAsync(Check(BrokerType, "", Set, each.Key, each.Value)))
                ),
                .. brokers.Select(each =>
                    Case.Of($"broker {each.Key}={each.Value}", p => p.AskAsync(Check(BrokerType, "1", Set, each.Key, each.Value)))
                ),
                Case.Of("delete an unknown key", p => p.AskAsync(Check(TopicType, Odd, Delete, "no.such.key", null))),
                Case.Of("delete with a value", p => p.AskAsync(Check(TopicType, Odd, Delete, "retention.ms", "5"))),
                Case.Of("delete an unknown key of a broker", p => p.AskAsync(Check(BrokerType, "1", Delete, "no.such.key", null))),
                Case.Of("append nothing", p => p.AskAsync(Check(TopicType, Odd, Append, "cleanup.policy", null))),
                Case.Of("append an empty text", p => p.AskAsync(Check(TopicType, Odd, Append, "cleanup.policy", ""))),
                Case.Of("append what cannot be", p => p.AskAsync(Check(TopicType, Odd, Append, "cleanup.policy", "burn"))),
                Case.Of("append to an unknown key", p => p.AskAsync(Check(TopicType, Odd, Append, "no.such.key", "a"))),
                Case.Of("append to an unknown key of a broker", p => p.AskAsync(Check(BrokerType, "1", Append, "no.such.key", "a"))),
                Case.Of("subtract what is not there", p => p.AskAsync(Check(TopicType, Odd, Subtract, "cleanup.policy", "compact"))),
                Case.Of("subtract all", p => p.AskAsync(Check(TopicType, Odd, Subtract, "cleanup.policy", "delete"))),
                Case.Of("no changes", p => p.AskAsync(Check(TopicType, Odd, Set, "", "", r => r.Resources[0].Configs = []))),
                Case.Of("a topic without a name", p => p.AskAsync(Check(TopicType, "", Set, "retention.ms", "5"))),
                Case.Of("a topic whose name cannot be", p => p.AskAsync(Check(TopicType, "odd one!", Set, "retention.ms", "5"))),
                Case.Of("a broker with a sign", p => p.AskAsync(Check(BrokerType, "+1", Set, "log.cleaner.threads", "2"))),
                Case.Of("a broker with a blank", p => p.AskAsync(Check(BrokerType, " 1", Set, "log.cleaner.threads", "2"))),
                Case.Of("a broker with a zero", p => p.AskAsync(Check(BrokerType, "01", Set, "log.cleaner.threads", "2"))),
                Case.Of("a broker below zero", p => p.AskAsync(Check(BrokerType, "-1", Set, "log.cleaner.threads", "2"))),
                Case.Of("a broker whose name is no number", p => p.AskAsync(Check(BrokerType, "one", Set, "log.cleaner.threads", "2"))),
                Case.Of("loggers", p => p.AskAsync(Check(BrokerLoggerType, "1", Set, "kafka.server.KafkaApis", "INFO"))),
                Case.Of("loggers, no level", p => p.AskAsync(Check(BrokerLoggerType, "1", Set, "kafka.server.KafkaApis", "LOUD"))),
                Case.Of("loggers, an unknown one", p => p.AskAsync(Check(BrokerLoggerType, "1", Set, "no.such.logger", "INFO"))),
                Case.Of("loggers, append", p => p.AskAsync(Check(BrokerLoggerType, "1", Append, "kafka.server.KafkaApis", "INFO"))),
                Case.Of("loggers of an unknown broker", p => p.AskAsync(Check(BrokerLoggerType, "9", Set, "kafka", "INFO"))),
                Case.Of("loggers of no broker", p => p.AskAsync(Check(BrokerLoggerType, "", Set, "kafka", "INFO"))),
                Case.Of("a kind of zero", p => p.AskAsync(Check(0, "x", Set, "a", "b"))),
                Case.Of("a kind below zero", p => p.AskAsync(Check(-1, "x", Set, "a", "b"))),
            ]
        );
    }

    private static IncrementalAlterConfigsRequest Check(
        sbyte type,
        string name,
        sbyte operation,
        string key,
        string? value,
        Action<IncrementalAlterConfigsRequest>? change = null
    ) =>
        Request(
            type,
            name,
            operation,
            key,
            value,
            request =>
            {
                request.ValidateOnly = true;
                change?.Invoke(request);
            }
        );

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
