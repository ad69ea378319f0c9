using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Peers;

/// <summary>Topics that a script needs, on both nodes alike.</summary>
internal static class Topics
{
    private const sbyte TopicType = 2;

    private const int NoPartition = -1;

    /// <summary>
    /// Creates a topic with one replica on both nodes and waits for its leaders. It keeps its records for ever: their timestamps are years
    /// old, and Kafka removes what is too old half a minute after it has started.
    /// </summary>
    public static async Task CreateAsync(BothNodes nodes, string name, int partitions = 1, params (string Key, string Value)[] configs)
    {
        (string Key, string Value)[] all = configs.Any(config => config.Key == "retention.ms")
            ? configs
            : [.. configs, ("retention.ms", "-1")];
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await peer.AskAsync(Request(name, partitions, all));
            await UntilLedAsync(peer, name, partitions);
        }
    }

    /// <summary>Creates a topic and fills partition 0 with three batches of three records.</summary>
    public static async Task CreateFilledAsync(BothNodes nodes, string name, params (string Key, string Value)[] configs)
    {
        await CreateAsync(nodes, name, 1, configs);
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            for (int i = 0; i < 3; i++)
            {
                await peer.AskAsync(
                    Produce(
                        name,
                        0,
                        RawBatches.Of(
                            ProducerStamp.None,
                            CompressionType.None,
                            RawBatches.FirstTimestamp + (i * 10_000L),
                            $"a{i}",
                            $"b{i}",
                            $"c{i}"
                        )
                    ),
                    highestVersion: 12
                );
            }
        }
    }

    /// <summary>Creates a topic and waits for it: then everything that was changed before is known too.</summary>
    public static async Task CreateMarkerAsync(Peer peer, string name)
    {
        await peer.AskAsync(Request(name));
        await UntilLedAsync(peer, name, partitions: 1);
    }

    /// <summary>Retention and cleanup policy of a topic, once the node that is asked has learnt of the last change.</summary>
    /// <param name="peer">The node.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="marker">The name of a topic that is made and waited for.</param>
    public static async Task<DescribeConfigsResponse> ConfigurationAsync(Peer peer, string topic, string marker)
    {
        await CreateMarkerAsync(peer, marker);
        return await peer.AskAsync(
            new DescribeConfigsRequest
            {
                Resources =
                [
                    new()
                    {
                        ResourceType = TopicType,
                        ResourceName = topic,
                        ConfigurationKeys = ["retention.ms", "cleanup.policy"],
                    },
                ],
            }
        );
    }

    /// <summary>Waits until a node leads every partition of a topic.</summary>
    public static Task UntilLedAsync(Peer peer, string name, int partitions) =>
        Poll.UntilAsync(
            $"{peer.Name} leads {name}",
            async () =>
            {
                MetadataResponse response = await peer.AskAsync(
                    new MetadataRequest { Topics = [new() { Name = name }], AllowAutoTopicCreation = false }
                );
                MetadataResponse.TopicData topic = response.Topics[0];
                peer.Learn(name, topic.TopicId);
                return topic.Partitions.Count == partitions && topic.Partitions.TrueForAll(p => p.LeaderId == Peer.NodeId);
            }
        );

    /// <summary>Waits until a node knows no such topic.</summary>
    public static Task UntilGoneAsync(Peer peer, string name) =>
        Poll.UntilAsync(
            $"{peer.Name} has forgotten {name}",
            async () =>
            {
                MetadataResponse response = await peer.AskAsync(
                    new MetadataRequest { Topics = [new() { Name = name }], AllowAutoTopicCreation = false }
                );
                return response.Topics[0].ErrorCode == ErrorCode.UnknownTopicOrPartition;
            }
        );

    /// <summary>The request that creates one topic with one replica.</summary>
    public static CreateTopicsRequest Request(string name, int partitions = 1, params (string Key, string Value)[] configs) =>
        new()
        {
            Topics =
            [
                new()
                {
                    Name = name,
                    NumPartitions = partitions,
                    ReplicationFactor = partitions == NoPartition ? (short)-1 : (short)1,
                    Configs =
                    [
                        .. configs.Select(config => new CreateTopicsRequest.CreatableTopicConfig
                        {
                            Name = config.Key,
                            Value = config.Value,
                        }),
                    ],
                },
            ],
            TimeoutMs = 10_000,
        };

    /// <summary>The request that appends to one partition by the topic's name, up to version 12.</summary>
    public static ProduceRequest Produce(string name, int partition, byte[]? records, short acks = -1) =>
        new()
        {
            Acks = acks,
            TimeoutMs = 10_000,
            TopicData = [new() { Name = name, PartitionData = [new() { Index = partition, Records = records }] }],
        };
}
