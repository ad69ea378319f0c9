using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Admin;

/// <summary>Topics: what there is, and what is to be.</summary>
internal sealed class TopicRequests(ClientRuntime runtime, ClusterCalls calls, ClusterMetadata metadata)
{
    /// <inheritdoc cref="KafkaAdmin.ListTopicsAsync"/>
    public async ValueTask<IReadOnlyList<TopicDescription>> ListTopicsAsync(
        bool includeInternal = false,
        CancellationToken cancel = default
    )
    {
        MetadataRequest request = new() { Topics = null, AllowAutoTopicCreation = false };
        MetadataResponse response = await calls.CallAnyAsync(request, static r => r.ErrorCode, NewDeadline(cancel));
        AdminErrors.Check(response.ErrorCode, null, "list topics");
        return response
            .Topics.Where(t => includeInternal || !t.IsInternal)
            .Select(Describe)
            .OrderBy(t => t.Name, StringComparer.Ordinal)
            .ToList();
    }

    /// <inheritdoc cref="KafkaAdmin.DescribeTopicsAsync"/>
    public async ValueTask<IReadOnlyList<TopicDescription>> DescribeTopicsAsync(
        IReadOnlyList<string> names,
        CancellationToken cancel = default
    )
    {
        CallDeadline deadline = NewDeadline(cancel);
        List<TopicDescription> found;
        try
        {
            found = await DescribeByPagesAsync(names, deadline);
        }
        catch (KafkaException e) when (e.Code == ErrorCode.UnsupportedVersion)
        {
            MetadataRequest request = new()
            {
                Topics = names.Select(n => new MetadataRequest.TopicData { Name = n }).ToList(),
                AllowAutoTopicCreation = false,
            };
            MetadataResponse response = await calls.CallAnyAsync(request, static r => r.ErrorCode, deadline);
            found = response.Topics.ConvertAll(Describe);
        }

        return names
            .Select(n => found.Find(t => t.Name == n) ?? new TopicDescription(n, Uuid.Zero, false, ErrorCode.UnknownTopicOrPartition, []))
            .ToList();
    }

    /// <inheritdoc cref="KafkaAdmin.CreateTopicsAsync"/>
    public async ValueTask<IReadOnlyList<ItemResult<string>>> CreateTopicsAsync(
        IReadOnlyList<NewTopic> topics,
        bool validateOnly = false,
        CancellationToken cancel = default
    )
    {
        CreateTopicsRequest request = new()
        {
            Topics = topics.Select(ToWire).ToList(),
            TimeoutMs = (int)runtime.Options.RequestTimeout.TotalMilliseconds,
            ValidateOnly = validateOnly,
        };
        CreateTopicsResponse response = await calls.CallAnyAsync(
            request,
            static r => AdminErrors.OfRouting(r.Topics, static t => t.ErrorCode),
            NewDeadline(cancel)
        );
        metadata.Invalidate();
        return response.Topics.ConvertAll(t => ItemResult<string>.From(t.Name, t.ErrorCode, t.ErrorMessage));
    }

    /// <inheritdoc cref="KafkaAdmin.DeleteTopicsAsync"/>
    public async ValueTask<IReadOnlyList<ItemResult<string>>> DeleteTopicsAsync(
        IReadOnlyList<string> names,
        CancellationToken cancel = default
    )
    {
        DeleteTopicsRequest request = new()
        {
            Topics = names.Select(n => new DeleteTopicsRequest.DeleteTopicState { Name = n }).ToList(),
            TopicNames = [.. names],
            TimeoutMs = (int)runtime.Options.RequestTimeout.TotalMilliseconds,
        };
        DeleteTopicsResponse response = await calls.CallAnyAsync(
            request,
            static r => AdminErrors.OfRouting(r.Responses, static t => t.ErrorCode),
            NewDeadline(cancel)
        );
        metadata.Invalidate();
        return response.Responses.ConvertAll(t => ItemResult<string>.From(t.Name ?? t.TopicId.ToString(), t.ErrorCode, t.ErrorMessage));
    }

    /// <inheritdoc cref="KafkaAdmin.CreatePartitionsAsync"/>
    public async ValueTask CreatePartitionsAsync(string topic, int count, CancellationToken cancel = default)
    {
        CreatePartitionsRequest request = new()
        {
            Topics =
            [
                new()
                {
                    Name = topic,
                    Count = count,
                    Assignments = null,
                },
            ],
            TimeoutMs = (int)runtime.Options.RequestTimeout.TotalMilliseconds,
        };
        CreatePartitionsResponse response = await calls.CallAnyAsync(
            request,
            static r => AdminErrors.OfRouting(r.Results, static t => t.ErrorCode),
            NewDeadline(cancel)
        );
        metadata.Invalidate();
        foreach (CreatePartitionsResponse.CreatePartitionsTopicResult result in response.Results)
        {
            ItemResult<string>.From(result.Name, result.ErrorCode, result.ErrorMessage).ThrowIfFailed();
        }
    }

    /// <inheritdoc cref="KafkaAdmin.ElectLeadersAsync"/>
    public async ValueTask<IReadOnlyList<ItemResult<TopicPartition>>> ElectLeadersAsync(
        IReadOnlyList<TopicPartition>? partitions,
        bool unclean = false,
        CancellationToken cancel = default
    )
    {
        ElectLeadersRequest request = new()
        {
            ElectionType = unclean ? (sbyte)1 : (sbyte)0,
            TimeoutMs = (int)runtime.Options.RequestTimeout.TotalMilliseconds,
            TopicPartitions = partitions
                ?.GroupBy(p => p.Topic, StringComparer.Ordinal)
                .Select(g => new ElectLeadersRequest.ElectionTopic { Topic = g.Key, Partitions = g.Select(p => p.Partition).ToList() })
                .ToList(),
        };
        ElectLeadersResponse response = await calls.CallAnyAsync(request, static r => r.ErrorCode, NewDeadline(cancel));
        AdminErrors.Check(response.ErrorCode, null, "elect leaders");
        metadata.Invalidate();
        return response
            .ReplicaElectionResults.SelectMany(t =>
                t.PartitionResult.Select(p =>
                    ItemResult<TopicPartition>.From(new TopicPartition(t.Topic, p.PartitionId), p.ErrorCode, p.ErrorMessage)
                )
            )
            .ToList();
    }

    private CallDeadline NewDeadline(CancellationToken cancel) => new(runtime.Waiters, runtime.Options.CallTimeout, cancel);

    private static CreateTopicsRequest.CreatableTopic ToWire(NewTopic topic)
    {
        bool placed = topic.Assignments.Count > 0;
        return new()
        {
            Name = topic.Name,
            NumPartitions = placed ? -1 : topic.Partitions,
            ReplicationFactor = placed ? (short)-1 : topic.ReplicationFactor,
            Assignments = topic
                .Assignments.Select(
                    (replicas, i) => new CreateTopicsRequest.CreatableReplicaAssignment { PartitionIndex = i, BrokerIds = [.. replicas] }
                )
                .ToList(),
            Configs = topic.Configs.Select(c => new CreateTopicsRequest.CreatableTopicConfig { Name = c.Key, Value = c.Value }).ToList(),
        };
    }

    private static TopicDescription Describe(MetadataResponse.TopicData topic) =>
        new(
            topic.Name ?? "",
            topic.TopicId,
            topic.IsInternal,
            topic.ErrorCode,
            topic
                .Partitions.OrderBy(p => p.PartitionIndex)
                .Select(p => new PartitionDescription(
                    p.PartitionIndex,
                    p.LeaderId,
                    p.LeaderEpoch,
                    p.ReplicaNodes,
                    p.IsrNodes,
                    p.OfflineReplicas,
                    []
                ))
                .ToList()
        );

    private async ValueTask<List<TopicDescription>> DescribeByPagesAsync(IReadOnlyList<string> names, CallDeadline deadline)
    {
        List<TopicDescription> found = [];
        DescribeTopicPartitionsRequest request = new()
        {
            Topics = names.Select(n => new DescribeTopicPartitionsRequest.TopicRequest { Name = n }).ToList(),
        };
        while (true)
        {
            DescribeTopicPartitionsResponse page = await calls.CallAnyAsync(request, static _ => ErrorCode.None, deadline);
            foreach (DescribeTopicPartitionsResponse.DescribeTopicPartitionsTopic topic in page.Topics)
            {
                Append(found, topic);
            }

            if (page.NextCursor is not { } next)
            {
                return found;
            }

            request.Cursor = new() { TopicName = next.TopicName, PartitionIndex = next.PartitionIndex };
        }
    }

    private static void Append(List<TopicDescription> found, DescribeTopicPartitionsResponse.DescribeTopicPartitionsTopic topic)
    {
        List<PartitionDescription> partitions = topic.Partitions.ConvertAll(p => new PartitionDescription(
            p.PartitionIndex,
            p.LeaderId,
            p.LeaderEpoch,
            p.ReplicaNodes,
            p.IsrNodes,
            p.OfflineReplicas,
            p.EligibleLeaderReplicas ?? []
        ));
        int begun = found.FindIndex(t => t.Name == topic.Name);
        if (begun >= 0)
        {
            found[begun] = found[begun] with { Partitions = [.. found[begun].Partitions, .. partitions] };
        }
        else
        {
            found.Add(new TopicDescription(topic.Name ?? "", topic.TopicId, topic.IsInternal, topic.ErrorCode, partitions));
        }
    }
}
