using System.Globalization;
using RaftLog.Checking;
using RaftLog.Metadata;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>Requests about one topic to one node, once each.</summary>
public sealed class TopicRequests(RawClient client)
{
    private const sbyte TopicResource = 2;
    private const sbyte FromTopic = 1;
    private const string Key = "retention.ms";

    // Settings are counted from here, so that no record is ever old enough to be deleted.
    private const long SettingBase = 1_000_000_000_000;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    /// <summary>Makes a change.</summary>
    /// <param name="node">The node to ask.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="action">What to do.</param>
    /// <param name="wanted">How many partitions, or which setting, it shall have.</param>
    /// <returns>What the response proves, and why the change was rejected or is in doubt.</returns>
    public async Task<(SendOutcome Outcome, string? Why)> ChangeAsync(NodeId node, string topic, MetadataAction action, TopicState wanted)
    {
        int timeoutMs = (int)Limit.TotalMilliseconds;
        return action switch
        {
            MetadataAction.Create => Judge(
                await client.CallAsync(
                    node,
                    new CreateTopicsRequest
                    {
                        Topics =
                        [
                            new()
                            {
                                Name = topic,
                                NumPartitions = wanted.Partitions,
                                ReplicationFactor = -1,
                            },
                        ],
                        TimeoutMs = timeoutMs,
                    },
                    Limit
                ),
                static reply => reply.Topics[0].ErrorCode
            ),
            MetadataAction.Delete => Judge(
                await client.CallAsync(
                    node,
                    new DeleteTopicsRequest
                    {
                        Topics = [new() { Name = topic }],
                        TopicNames = [topic],
                        TimeoutMs = timeoutMs,
                    },
                    Limit
                ),
                static reply => reply.Responses[0].ErrorCode
            ),
            MetadataAction.Grow => Judge(
                await client.CallAsync(
                    node,
                    new CreatePartitionsRequest
                    {
                        Topics =
                        [
                            new()
                            {
                                Name = topic,
                                Count = wanted.Partitions,
                                Assignments = null,
                            },
                        ],
                        TimeoutMs = timeoutMs,
                    },
                    Limit
                ),
                static reply => reply.Results[0].ErrorCode
            ),
            _ => Judge(
                await client.CallAsync(
                    node,
                    new IncrementalAlterConfigsRequest
                    {
                        Resources =
                        [
                            new()
                            {
                                ResourceType = TopicResource,
                                ResourceName = topic,
                                Configs =
                                [
                                    new()
                                    {
                                        Name = Key,
                                        ConfigOperation = 0,
                                        Value = (SettingBase + wanted.Setting).ToString(CultureInfo.InvariantCulture),
                                    },
                                ],
                            },
                        ],
                    },
                    Limit
                ),
                static reply => reply.Responses[0].ErrorCode
            ),
        };
    }

    /// <summary>What a node believes of a topic; null when it does not say.</summary>
    public async Task<TopicState?> ReadAsync(NodeId node, string topic)
    {
        RpcResult<MetadataResponse> told = await client.CallAsync(
            node,
            new MetadataRequest { Topics = [new() { Name = topic }], AllowAutoTopicCreation = false },
            Limit
        );
        if (!told.TryGet(out MetadataResponse? metadata) || metadata.Topics is not [{ } found])
        {
            return null;
        }

        if (found.ErrorCode != ErrorCode.None)
        {
            return found.ErrorCode == ErrorCode.UnknownTopicOrPartition ? default(TopicState) : null;
        }

        return await ReadSettingAsync(node, topic) is { } setting ? new TopicState(true, found.Partitions.Count, setting) : null;
    }

    /// <summary>The setting that a node shows of a topic, 0 for none; null when it does not say, or the topic is not there.</summary>
    public async Task<long?> ReadSettingAsync(NodeId node, string topic)
    {
        DescribeConfigsRequest request = new()
        {
            Resources =
            [
                new()
                {
                    ResourceType = TopicResource,
                    ResourceName = topic,
                    ConfigurationKeys = [Key],
                },
            ],
        };
        RpcResult<DescribeConfigsResponse> result = await client.CallAsync(node, request, Limit);
        if (!result.TryGet(out DescribeConfigsResponse? response) || response.Results is not [{ ErrorCode: ErrorCode.None } described])
        {
            return null;
        }

        DescribeConfigsResponse.ResourceConfig? config = described.Configs.Find(each => each.Name == Key);
        return config is { ConfigSource: FromTopic, Value: { } value } ? SettingOf(value) : 0;
    }

    /// <summary>What a metadata image says of a topic.</summary>
    public static TopicState Read(MetadataImage image, string topic) =>
        image.Topics.TryGet(topic, out TopicImage? found)
            ? new TopicState(
                true,
                found.Partitions.Count,
                image.ConfigOf(new ConfigResource(ConfigResourceType.Topic, topic)).TryGetValue(Key, out string? value)
                    ? SettingOf(value)
                    : 0
            )
            : default;

    private static long SettingOf(string value) => long.Parse(value, CultureInfo.InvariantCulture) - SettingBase;

    private static (SendOutcome Outcome, string? Why) Judge<TResponse>(RpcResult<TResponse> result, Func<TResponse, ErrorCode> errorOf)
        where TResponse : class
    {
        if (!result.TryGet(out TResponse? response))
        {
            return (
                result.Outcome is RpcOutcome.Unsupported or RpcOutcome.Busy ? SendOutcome.Rejected : SendOutcome.Unknown,
                result.Reason
            );
        }

        ErrorCode error = errorOf(response);
        return (ResultClass.OfChange(error), error == ErrorCode.None ? null : $"{error}");
    }
}
