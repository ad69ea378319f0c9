using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;
using Xunit.Sdk;

namespace RaftLog.Interop.Tests.Clusters;

/// <summary>Questions to a cluster, each over a fresh connection to a node that runs.</summary>
internal sealed class ClusterView(List<NodeProcess> nodes)
{
    private const long Latest = -1;
    private const int PreferredElection = 0;

    /// <summary>Asks any running node.</summary>
    public async Task<TResponse> AskAsync<TResponse>(IRequest<TResponse> request, NodeProcess? node = null)
        where TResponse : class, IVersionedMessage, new()
    {
        NodeProcess asked = node ?? nodes.Find(candidate => candidate.IsRunning) ?? throw new XunitException("no node runs");
        using WireClient client = await WireClient.ConnectAsync(asked.Port);
        return await client.AskAsync(request);
    }

    /// <summary>Waits until every running node lists this many brokers.</summary>
    public Task UntilBrokersAsync(int count) =>
        Poll.UntilAsync(
            $"{count} brokers in the metadata of every node",
            async () =>
            {
                foreach (NodeProcess node in nodes.Where(node => node.IsRunning))
                {
                    MetadataResponse metadata = await AskAsync(new MetadataRequest { Topics = [] }, node);
                    if (metadata.Brokers.Count != count)
                    {
                        return false;
                    }
                }

                return true;
            }
        );

    /// <summary>
    /// Creates a topic and waits until every running node knows its leaders. It keeps its records for ever: <see cref="RawBatches"/> are
    /// years old, and nodes remove what is too old half a minute after their start and every five minutes.
    /// </summary>
    public async Task CreateTopicAsync(string name, int partitions, short replicas)
    {
        CreateTopicsRequest request = new()
        {
            Topics =
            [
                new()
                {
                    Name = name,
                    NumPartitions = partitions,
                    ReplicationFactor = replicas,
                    Configs = [new() { Name = "retention.ms", Value = "-1" }],
                },
            ],
            TimeoutMs = 30_000,
        };
        CreateTopicsResponse response = await AskAsync(request);
        if (response.Topics[0].ErrorCode != ErrorCode.None)
        {
            throw new XunitException($"topic {name} was not created: {response.Topics[0].ErrorCode} {response.Topics[0].ErrorMessage}");
        }

        await UntilInSyncAsync(name, partitions, replicas);
    }

    /// <summary>Waits until each partition has a leader and this many replicas in sync, as every running node knows it.</summary>
    public Task UntilInSyncAsync(string topic, int partitions, int inSync) =>
        Poll.UntilAsync(
            $"{inSync} replicas in sync of each of the {partitions} partitions of {topic}",
            async () =>
            {
                foreach (NodeProcess node in nodes.Where(node => node.IsRunning))
                {
                    List<MetadataResponse.PartitionData> known = (await TopicAsync(topic, node)).Partitions;
                    if (known.Count != partitions || !known.TrueForAll(p => p.LeaderId.IsNode && p.IsrNodes.Count == inSync))
                    {
                        return false;
                    }
                }

                return true;
            }
        );

    /// <summary>What a node knows about a topic.</summary>
    public async Task<MetadataResponse.TopicData> TopicAsync(string topic, NodeProcess? node = null)
    {
        MetadataResponse metadata = await AskAsync(
            new MetadataRequest { Topics = [new() { Name = topic }], AllowAutoTopicCreation = false },
            node
        );
        return metadata.Topics[0];
    }

    /// <summary>The node that leads a partition, or null while it knows none that runs.</summary>
    public async Task<NodeProcess?> LeaderAsync(string topic, int partition)
    {
        MetadataResponse.TopicData known = await TopicAsync(topic);
        MetadataResponse.PartitionData? found = known.Partitions.Find(p => p.PartitionIndex == partition);
        return nodes.Find(node => node.IsRunning && node.Id == found?.LeaderId.Value);
    }

    /// <summary>The node that leads the metadata quorum, and its epoch.</summary>
    public Task<QuorumLeader> ControllerAsync() =>
        Poll.ForAsync<QuorumLeader>(
            "a leader of the metadata quorum",
            async () =>
            {
                DescribeQuorumRequest request = new()
                {
                    Topics = [new() { TopicName = "__cluster_metadata", Partitions = [new() { PartitionIndex = 0 }] }],
                };
                DescribeQuorumResponse response = await AskAsync(request);
                if (response.ErrorCode != ErrorCode.None)
                {
                    return null;
                }

                DescribeQuorumResponse.PartitionData quorum = response.Topics[0].Partitions[0];
                return nodes.Find(node => node.Id == quorum.LeaderId.Value) is { } leader
                    ? new QuorumLeader(leader, quorum.LeaderEpoch)
                    : null;
            }
        );

    /// <summary>The end of what is committed in each partition, asked of the partitions' leaders.</summary>
    public async Task<long[]> EndOffsetsAsync(string topic, int partitions)
    {
        long[] ends = new long[partitions];
        for (int partition = 0; partition < partitions; partition++)
        {
            // A leader that is new, or does not know that it leads, cannot tell yet.
            int index = partition;
            await Poll.UntilAsync(
                $"the end of {topic}-{index}",
                async () =>
                {
                    long? end = await EndOffsetAsync(topic, index);
                    ends[index] = end ?? 0;
                    return end is not null;
                }
            );
        }

        return ends;
    }

    /// <summary>The end of what is committed in one partition; null when nobody can say now.</summary>
    public async Task<long?> EndOffsetAsync(string topic, int partition)
    {
        if (await LeaderAsync(topic, partition) is not { } leader)
        {
            return null;
        }

        ListOffsetsRequest request = new()
        {
            ReplicaId = NodeId.None,
            Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Timestamp = Latest }] }],
        };
        ListOffsetsResponse.PartitionData reply = (await AskAsync(request, leader)).Topics[0].Partitions[0];
        return reply.ErrorCode == ErrorCode.None ? reply.Offset.Value : null;
    }

    /// <summary>Makes the first replica of every partition its leader again.</summary>
    public Task<ElectLeadersResponse> ElectPreferredAsync() =>
        AskAsync(
            new ElectLeadersRequest
            {
                ElectionType = PreferredElection,
                TopicPartitions = null,
                TimeoutMs = 30_000,
            }
        );

    /// <summary>Appends a batch with acks=all to a partition; false when it was not acknowledged.</summary>
    public async Task<bool> TryProduceAsync(string topic, int partition, byte[] batch)
    {
        if (await LeaderAsync(topic, partition) is not { } leader)
        {
            return false;
        }

        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData = [new() { Name = topic, PartitionData = [new() { Index = partition, Records = batch }] }],
        };
        using WireClient client = await WireClient.ConnectAsync(leader.Port);
        ProduceResponse response = await client.AskAsync(request, highestVersion: 12);
        return response.Responses[0].PartitionResponses[0].ErrorCode == ErrorCode.None;
    }
}
