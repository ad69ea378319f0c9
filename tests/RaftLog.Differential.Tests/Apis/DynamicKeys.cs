using System.Collections.Frozen;
using System.Globalization;
using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using Xunit.Sdk;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Which keys of a node may be changed while it runs, on one broker and on all, and to what.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class DynamicKeysTests(BothNodes nodes)
{
    private const sbyte BrokerType = 4;
    private const string OneBroker = "1";
    private const string AllBrokers = "";

    private const string NoListeners = "The listeners of a node are those it was started with.";
    private const string NoSingleListeners = "There are no settings of single listeners.";
    private const string ElrOff = "Eligible leader replicas are not switched on, so the cluster holds no copy of min.insync.replicas.";

    /// <summary>What differs on purpose, and why: a key, and what it is to be set of.</summary>
    private static readonly FrozenDictionary<(string Key, string Resource), string> Intended = new Dictionary<(string, string), string>
    {
        [("listeners", OneBroker)] = NoListeners,
        [("listeners", AllBrokers)] = NoListeners,
        [("listener.security.protocol.map", AllBrokers)] = NoListeners,
        [("listener.name.plaintext.ssl.keystore.type", OneBroker)] = NoSingleListeners,
        [("listener.name.plaintext.ssl.keystore.type", AllBrokers)] = NoSingleListeners,
        [("listener.name.plaintext.max.connections", OneBroker)] = NoSingleListeners,
        [("listener.name.plaintext.max.connections", AllBrokers)] = NoSingleListeners,
        [("min.insync.replicas", OneBroker)] = ElrOff,
    }.ToFrozenDictionary();

    /// <summary>Keys that no broker describes, which can be set all the same.</summary>
    private static readonly string[] NotDescribed =
    [
        "follower.replication.throttled.rate",
        "leader.replication.throttled.rate",
        "replica.alter.log.dirs.io.max.bytes.per.second",
        "listener.name.plaintext.ssl.keystore.type",
        "listener.name.plaintext.max.connections",
        "no.such.key",
    ];

    [KafkaFact]
    public async Task Each_key_can_be_set_where_Kafka_lets_it_be_set()
    {
        Dictionary<string, string?> kafkas = await DescribeAsync(nodes.Kafka);
        Dictionary<string, string?> ours = await DescribeAsync(nodes.Subject);
        List<string> faults = [];
        foreach (string key in kafkas.Keys.Concat(NotDescribed).Order(StringComparer.Ordinal))
        {
            // What is in force is a value that the node takes, where it can be set at all.
            foreach (string resource in (string[])[OneBroker, AllBrokers])
            {
                string expected = await ResponseAsync(nodes.Kafka, resource, key, kafkas.GetValueOrDefault(key) ?? "1");
                string actual = await ResponseAsync(nodes.Subject, resource, key, ours.GetValueOrDefault(key) ?? "1");
                Compare(resource, key, expected, actual, faults);
            }
        }

        Fail(faults);
    }

    [KafkaFact]
    public async Task Values_that_could_do_harm_are_rejected_where_Kafka_rejects_them()
    {
        (string Key, string Value)[] values =
        [
            ("log.cleaner.dedupe.buffer.size", "0"),
            ("log.cleaner.dedupe.buffer.size", "1048576"),
            ("log.cleaner.dedupe.buffer.size", "1048577"),
            ("log.cleaner.threads", "0"),
            ("log.cleaner.threads", "2"),
            ("log.cleaner.threads", "200"),
            ("log.cleaner.io.buffer.load.factor", "0"),
            ("log.cleaner.io.max.bytes.per.second", "0"),
            ("max.connections", "0"),
            ("max.connections", "1"),
            ("max.connections.per.ip", "0"),
            ("max.connections.per.ip", "1"),
            ("max.connections.per.ip.overrides", "127.0.0.1:5,::1:7"),
            ("max.connections.per.ip.overrides", "127.0.0.1"),
            ("max.connections.per.ip.overrides", "127.0.0.1:x"),
            ("max.connections.per.ip.overrides", ""),
            ("log.retention.ms", "0"),
            ("log.retention.ms", "-1"),
            ("log.retention.bytes", "0"),
            ("log.roll.ms", "0"),
            ("log.roll.jitter.ms", "-1"),
            ("log.segment.bytes", "1048575"),
            ("log.message.timestamp.before.max.ms", "-1"),
            ("log.index.size.max.bytes", "3"),
            ("log.cleanup.policy", "none"),
            ("message.max.bytes", "0"),
            ("producer.id.expiration.ms", "0"),
            ("transaction.partition.verification.enable", "x"),
            ("compression.gzip.level", "0"),
            ("group.consumer.assignment.interval.ms", "60000"),
            ("group.consumer.assignment.interval.ms", "-1"),
        ];
        List<string> faults = [];
        foreach ((string key, string value) in values)
        {
            string expected = await ResponseAsync(nodes.Kafka, AllBrokers, key, value);
            string actual = await ResponseAsync(nodes.Subject, AllBrokers, key, value);
            if (Code(expected) != Code(actual))
            {
                faults.Add($"{key} = {value}\n    Kafka:   {expected}\n    RaftLog: {actual}");
            }
        }

        Fail(faults);
    }

    private static void Compare(string resource, string key, string expected, string actual, List<string> faults)
    {
        // Kafka's words are its own where they tell of its classes; where they say what can be set they are compared.
        bool same =
            Code(expected) == Code(actual) && (!expected.Contains("update", StringComparison.Ordinal) || expected == actual.Split(';')[0]);
        bool isIntended = Intended.ContainsKey((key, resource)) && !BothNodes.IsSelfComparison;
        if (same == isIntended)
        {
            faults.Add($"{key} of '{resource}'{(same ? " does not differ any more" : "")}\n    Kafka:   {expected}\n    RaftLog: {actual}");
        }
    }

    private static string Code(string response) => response.Split(' ')[0];

    private static void Fail(List<string> faults)
    {
        if (faults.Count > 0)
        {
            throw new XunitException(
                string.Create(CultureInfo.InvariantCulture, $"{faults.Count} differences\n{string.Join('\n', faults)}")
            );
        }
    }

    private static async Task<Dictionary<string, string?>> DescribeAsync(Peer peer)
    {
        DescribeConfigsResponse response = await peer.AskAsync(
            new DescribeConfigsRequest
            {
                Resources =
                [
                    new()
                    {
                        ResourceType = BrokerType,
                        ResourceName = OneBroker,
                        ConfigurationKeys = null,
                    },
                ],
            }
        );
        return response.Results[0].Configs.ToDictionary(config => config.Name, config => config.Value);
    }

    private static async Task<string> ResponseAsync(Peer peer, string resource, string key, string value)
    {
        IncrementalAlterConfigsResponse response = await peer.AskAsync(
            new IncrementalAlterConfigsRequest
            {
                ValidateOnly = true,
                Resources =
                [
                    new()
                    {
                        ResourceType = BrokerType,
                        ResourceName = resource,
                        Configs = [new() { Name = key, Value = value }],
                    },
                ],
            }
        );
        return $"{response.Responses[0].ErrorCode} {response.Responses[0].ErrorMessage}".Trim();
    }
}
