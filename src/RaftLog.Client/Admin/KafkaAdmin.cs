using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Admin;

/// <summary>
/// Administration of a cluster. Any broker takes these requests and hands them on. What fails for a passing reason is tried again until
/// <see cref="ClientOptions.CallTimeout"/>; a change may then have been made by an attempt whose response was lost. Requests about several
/// things say for each what became of it. A cancelled call throws <see cref="OperationCanceledException"/>; the cluster may do what was
/// asked all the same.
/// </summary>
public sealed class KafkaAdmin
{
    private readonly ClientRuntime _runtime;
    private readonly ClusterCalls _calls;
    private readonly ClusterMetadata _metadata;
    private readonly OffsetSearch _offsets;
    private readonly BrokerCalls _brokers;

    internal KafkaAdmin(ClientRuntime runtime, ClusterCalls calls, ClusterMetadata metadata)
    {
        _runtime = runtime;
        _calls = calls;
        _metadata = metadata;
        _offsets = new OffsetSearch(runtime, calls, metadata);
        _brokers = new BrokerCalls(runtime, calls, metadata);
        Groups = new GroupAdmin(runtime, calls, metadata, _brokers);
        Transactions = new TransactionAdmin(runtime, calls, metadata, _brokers);
        Brokers = new BrokerAdmin(runtime, calls);
        Reassignments = new ReassignmentAdmin(runtime, calls);
        LogDirs = new LogDirAdmin(runtime, calls, metadata);
    }

    /// <summary>Groups and their positions.</summary>
    public GroupAdmin Groups { get; }

    /// <summary>Transactions and their producers.</summary>
    public TransactionAdmin Transactions { get; }

    /// <summary>Brokers, their disks, and features.</summary>
    public BrokerAdmin Brokers { get; }

    /// <summary>Partitions that move between brokers.</summary>
    public ReassignmentAdmin Reassignments { get; }

    /// <summary>Log directories of brokers, and moves of replicas between them.</summary>
    public LogDirAdmin LogDirs { get; }

    /// <summary>The brokers.</summary>
    /// <exception cref="KafkaException">The cluster cannot be reached.</exception>
    public async ValueTask<ClusterDescription> DescribeClusterAsync(CancellationToken cancel = default)
    {
        CallDeadline deadline = NewDeadline(cancel);
        try
        {
            DescribeClusterResponse response = await _calls.CallAnyAsync(new DescribeClusterRequest(), static r => r.ErrorCode, deadline);
            Check(response.ErrorCode, response.ErrorMessage, "describe cluster");
            return new ClusterDescription(
                response.ClusterId,
                response.ControllerId,
                [.. response.Brokers.Select(b => new BrokerView(b.BrokerId, new NetworkAddress(b.Host, b.Port), b.Rack)).OrderBy(b => b.Id)]
            );
        }
        catch (KafkaException e) when (e.Code == ErrorCode.UnsupportedVersion)
        {
            // Before Kafka 2.8 metadata alone says it.
            MetadataResponse response = await _calls.CallAnyAsync(new MetadataRequest { Topics = [] }, static r => r.ErrorCode, deadline);
            return new ClusterDescription(
                response.ClusterId ?? "",
                response.ControllerId,
                [.. response.Brokers.Select(b => new BrokerView(b.NodeId, new NetworkAddress(b.Host, b.Port), b.Rack)).OrderBy(b => b.Id)]
            );
        }
    }

    /// <summary>The metadata quorum.</summary>
    /// <exception cref="KafkaException">The quorum has no leader, or cannot be reached.</exception>
    public async ValueTask<QuorumDescription> DescribeQuorumAsync(CancellationToken cancel = default)
    {
        DescribeQuorumRequest request = new()
        {
            Topics = [new() { TopicName = "__cluster_metadata", Partitions = [new() { PartitionIndex = 0 }] }],
        };
        DescribeQuorumResponse response = await _calls.CallAnyAsync(request, QuorumError, NewDeadline(cancel));
        Check(QuorumError(response), response.ErrorMessage, "describe quorum");
        if (response.Topics is not [{ Partitions: [{ } quorum] }])
        {
            throw new KafkaException(
                ErrorCode.UnknownServerError,
                "describe quorum: the response does not describe the quorum's partition"
            );
        }

        return new QuorumDescription(
            quorum.LeaderId,
            quorum.LeaderEpoch,
            quorum.HighWatermark,
            quorum.CurrentVoters.ConvertAll(Describe),
            quorum.Observers.ConvertAll(Describe)
        );
    }

    /// <summary>The names of all topics, in ordinal order.</summary>
    /// <param name="includeInternal">True to list the topics that the cluster itself writes.</param>
    /// <exception cref="KafkaException">The cluster cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<TopicDescription>> ListTopicsAsync(
        bool includeInternal = false,
        CancellationToken cancel = default
    )
    {
        MetadataRequest request = new() { Topics = null, AllowAutoTopicCreation = false };
        MetadataResponse response = await _calls.CallAnyAsync(request, static r => r.ErrorCode, NewDeadline(cancel));
        Check(response.ErrorCode, null, "list topics");
        return response
            .Topics.Where(t => includeInternal || !t.IsInternal)
            .Select(Describe)
            .OrderBy(t => t.Name, StringComparer.Ordinal)
            .ToList();
    }

    /// <summary>Topics with the state of their partitions, in the order of the names given.</summary>
    /// <exception cref="KafkaException">The cluster cannot be reached.</exception>
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
            MetadataResponse response = await _calls.CallAnyAsync(request, static r => r.ErrorCode, deadline);
            found = response.Topics.ConvertAll(Describe);
        }

        return names
            .Select(n => found.Find(t => t.Name == n) ?? new TopicDescription(n, Uuid.Zero, false, ErrorCode.UnknownTopicOrPartition, []))
            .ToList();
    }

    /// <summary>Creates topics.</summary>
    /// <param name="topics">The topics.</param>
    /// <param name="validateOnly">True to check and create nothing.</param>
    /// <exception cref="KafkaException">The cluster cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<ItemResult<string>>> CreateTopicsAsync(
        IReadOnlyList<NewTopic> topics,
        bool validateOnly = false,
        CancellationToken cancel = default
    )
    {
        CreateTopicsRequest request = new()
        {
            Topics = topics.Select(ToWire).ToList(),
            TimeoutMs = (int)_runtime.Options.RequestTimeout.TotalMilliseconds,
            ValidateOnly = validateOnly,
        };
        CreateTopicsResponse response = await _calls.CallAnyAsync(
            request,
            static r => FirstRoutingError(r.Topics, static t => t.ErrorCode),
            NewDeadline(cancel)
        );
        _metadata.Invalidate();
        return response.Topics.ConvertAll(t => ItemResult<string>.From(t.Name, t.ErrorCode, t.ErrorMessage));
    }

    /// <summary>Deletes topics by name.</summary>
    /// <exception cref="KafkaException">The cluster cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<ItemResult<string>>> DeleteTopicsAsync(
        IReadOnlyList<string> names,
        CancellationToken cancel = default
    )
    {
        DeleteTopicsRequest request = new()
        {
            Topics = names.Select(n => new DeleteTopicsRequest.DeleteTopicState { Name = n }).ToList(),
            TopicNames = [.. names],
            TimeoutMs = (int)_runtime.Options.RequestTimeout.TotalMilliseconds,
        };
        DeleteTopicsResponse response = await _calls.CallAnyAsync(
            request,
            static r => FirstRoutingError(r.Responses, static t => t.ErrorCode),
            NewDeadline(cancel)
        );
        _metadata.Invalidate();
        return response.Responses.ConvertAll(t => ItemResult<string>.From(t.Name ?? t.TopicId.ToString(), t.ErrorCode, t.ErrorMessage));
    }

    /// <summary>Gives a topic more partitions.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="count">How many it shall have in all.</param>
    /// <exception cref="KafkaException">The cluster rejected, or cannot be reached.</exception>
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
            TimeoutMs = (int)_runtime.Options.RequestTimeout.TotalMilliseconds,
        };
        CreatePartitionsResponse response = await _calls.CallAnyAsync(
            request,
            static r => FirstRoutingError(r.Results, static t => t.ErrorCode),
            NewDeadline(cancel)
        );
        _metadata.Invalidate();
        foreach (CreatePartitionsResponse.CreatePartitionsTopicResult result in response.Results)
        {
            ItemResult<string>.From(result.Name, result.ErrorCode, result.ErrorMessage).ThrowIfFailed();
        }
    }

    /// <summary>The configuration of one resource, by key in ordinal order.</summary>
    /// <exception cref="KafkaException">The cluster rejected, or cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<ConfigEntry>> DescribeConfigsAsync(ConfigResource resource, CancellationToken cancel = default)
    {
        DescribeConfigsRequest request = new()
        {
            Resources =
            [
                new()
                {
                    ResourceType = (sbyte)resource.Type,
                    ResourceName = resource.Name,
                    ConfigurationKeys = null,
                },
            ],
        };
        CallDeadline deadline = NewDeadline(cancel);
        DescribeConfigsResponse response = NodeOf(resource) is { IsNode: true } node
            ? await _brokers.AskAsync(node, request, static _ => ErrorCode.None, $"describe configs of broker {node}", deadline)
            : await _calls.CallAnyAsync(request, static _ => ErrorCode.None, deadline);
        List<ConfigEntry> entries = [];
        foreach (DescribeConfigsResponse.DescribeConfigsResult result in response.Results)
        {
            ItemResult<ConfigResource>.From(resource, result.ErrorCode, result.ErrorMessage).ThrowIfFailed();
            entries.AddRange(
                result.Configs.Select(c => new ConfigEntry(c.Name, c.Value, (ConfigEntrySource)c.ConfigSource, c.ReadOnly, c.IsSensitive))
            );
        }

        return entries.OrderBy(e => e.Name, StringComparer.Ordinal).ToList();
    }

    /// <summary>Changes configuration values; all changes of one resource are made together or not at all.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="validateOnly">True to check and change nothing.</param>
    /// <exception cref="KafkaException">The cluster cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<ItemResult<ConfigResource>>> AlterConfigsAsync(
        IReadOnlyList<ConfigChange> changes,
        bool validateOnly = false,
        CancellationToken cancel = default
    )
    {
        IncrementalAlterConfigsRequest request = new() { ValidateOnly = validateOnly };
        foreach (IGrouping<ConfigResource, ConfigChange> group in changes.GroupBy(c => c.Resource))
        {
            request.Resources.Add(
                new()
                {
                    ResourceType = (sbyte)group.Key.Type,
                    ResourceName = group.Key.Name,
                    Configs = group
                        .Select(c => new IncrementalAlterConfigsRequest.AlterableConfig
                        {
                            Name = c.Key,
                            ConfigOperation = (sbyte)c.Operation,
                            Value = c.Value,
                        })
                        .ToList(),
                }
            );
        }

        IncrementalAlterConfigsResponse response = await _calls.CallAnyAsync(
            request,
            static r => FirstRoutingError(r.Responses, static c => c.ErrorCode),
            NewDeadline(cancel)
        );
        return response.Responses.ConvertAll(r =>
            ItemResult<ConfigResource>.From(
                new ConfigResource((ConfigResourceType)r.ResourceType, r.ResourceName),
                r.ErrorCode,
                r.ErrorMessage
            )
        );
    }

    /// <summary>
    /// Makes the preferred replicas leaders again, or with <paramref name="unclean"/> elects any replica where none in sync is left, which
    /// loses data.
    /// </summary>
    /// <param name="partitions">The partitions; null for all.</param>
    /// <param name="unclean">True for an unclean election (KIP-460).</param>
    /// <exception cref="KafkaException">The cluster rejected, or cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<ItemResult<TopicPartition>>> ElectLeadersAsync(
        IReadOnlyList<TopicPartition>? partitions,
        bool unclean = false,
        CancellationToken cancel = default
    )
    {
        ElectLeadersRequest request = new()
        {
            ElectionType = unclean ? (sbyte)1 : (sbyte)0,
            TimeoutMs = (int)_runtime.Options.RequestTimeout.TotalMilliseconds,
            TopicPartitions = partitions
                ?.GroupBy(p => p.Topic, StringComparer.Ordinal)
                .Select(g => new ElectLeadersRequest.ElectionTopic { Topic = g.Key, Partitions = g.Select(p => p.Partition).ToList() })
                .ToList(),
        };
        ElectLeadersResponse response = await _calls.CallAnyAsync(request, static r => r.ErrorCode, NewDeadline(cancel));
        Check(response.ErrorCode, null, "elect leaders");
        _metadata.Invalidate();
        return response
            .ReplicaElectionResults.SelectMany(t =>
                t.PartitionResult.Select(p =>
                    ItemResult<TopicPartition>.From(new TopicPartition(t.Topic, p.PartitionId), p.ErrorCode, p.ErrorMessage)
                )
            )
            .ToList();
    }

    /// <summary>Finds offsets, each at the partition's leader.</summary>
    /// <param name="partitions">What to find, and where.</param>
    /// <param name="readCommitted">True to count only what transactions have decided.</param>
    /// <exception cref="KafkaException">A partition cannot be asked in time.</exception>
    public async ValueTask<IReadOnlyDictionary<TopicPartition, FoundOffset>> ListOffsetsAsync(
        IReadOnlyDictionary<TopicPartition, OffsetSpec> partitions,
        bool readCommitted = false,
        CancellationToken cancel = default
    )
    {
        SortedDictionary<TopicPartition, FoundOffset> found = [];
        foreach (
            (TopicPartition partition, SearchResult result) in await _offsets.FindAsync(partitions, readCommitted, NewDeadline(cancel))
        )
        {
            found.Add(partition, result.Failure is { } failure ? throw failure : result.Found);
        }

        return found;
    }

    /// <summary>Removes the oldest records of partitions (KIP-107).</summary>
    /// <param name="before">Of each partition the first offset that stays; <see cref="Offset.None"/> for everything that is
    /// committed.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>Where each partition begins now, at the replica that is furthest behind.</returns>
    /// <exception cref="KafkaException">A partition's leader rejected it, or cannot be reached; those before are done.</exception>
    public async ValueTask<IReadOnlyDictionary<TopicPartition, Offset>> DeleteRecordsAsync(
        IReadOnlyDictionary<TopicPartition, Offset> before,
        CancellationToken cancel = default
    )
    {
        SortedDictionary<TopicPartition, Offset> begin = [];
        CallDeadline deadline = NewDeadline(cancel);
        foreach ((TopicPartition partition, Offset offset) in before)
        {
            DeleteRecordsRequest request = new()
            {
                TimeoutMs = (int)_runtime.Options.RequestTimeout.TotalMilliseconds,
                Topics = [new() { Name = partition.Topic, Partitions = [new() { PartitionIndex = partition.Partition, Offset = offset }] }],
            };
            DeleteRecordsResponse response = await _brokers.AskLeaderAsync(
                partition,
                request,
                static r => r.Topics[0].Partitions[0].ErrorCode,
                $"delete records of {partition} before {offset}",
                deadline
            );
            begin[partition] = response.Topics[0].Partitions[0].LowWatermark;
        }

        return begin;
    }

    /// <summary>The resources of a type that have configuration (KIP-1142).</summary>
    /// <exception cref="KafkaException">The cluster rejected the request, or cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<ConfigResource>> ListConfigResourcesAsync(
        ConfigResourceType type,
        CancellationToken cancel = default
    )
    {
        ListConfigResourcesResponse response = await _calls.CallAnyAsync(
            new ListConfigResourcesRequest { ResourceTypes = [(sbyte)type] },
            static r => r.ErrorCode,
            NewDeadline(cancel)
        );
        Check(response.ErrorCode, null, $"list resources of type {type}");
        return [.. response.ConfigResources.Select(each => new ConfigResource((ConfigResourceType)each.ResourceType, each.ResourceName))];
    }

    private static ErrorCode QuorumError(DescribeQuorumResponse response) =>
        response.ErrorCode != ErrorCode.None ? response.ErrorCode
        : response.Topics is [{ Partitions: [{ } quorum] }] ? quorum.ErrorCode
        : ErrorCode.None;

    /// <summary>
    /// A controller that has just lost its office says so for each item: then the whole request is worth another try. Any other error of an
    /// item is its result.
    /// </summary>
    private static ErrorCode FirstRoutingError<T>(List<T> items, Func<T, ErrorCode> errorOf) =>
        items.Exists(item => errorOf(item) == ErrorCode.NotController) ? ErrorCode.NotController : ErrorCode.None;

    private static void Check(ErrorCode error, string? message, string what)
    {
        if (error != ErrorCode.None)
        {
            throw new KafkaException(error, $"{what}: {message ?? "rejected"}");
        }
    }

    private static NodeId NodeOf(ConfigResource resource) =>
        resource.Type is ConfigResourceType.Broker or ConfigResourceType.BrokerLogger && int.TryParse(resource.Name, out int id)
            ? new NodeId(id)
            : NodeId.None;

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

    private static QuorumReplicaDescription Describe(DescribeQuorumResponse.ReplicaState replica) =>
        new(replica.ReplicaId, replica.ReplicaDirectoryId, replica.LogEndOffset, replica.LastFetchTimestamp, replica.LastCaughtUpTimestamp);

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
            DescribeTopicPartitionsResponse page = await _calls.CallAnyAsync(request, static _ => ErrorCode.None, deadline);
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

    private CallDeadline NewDeadline(CancellationToken cancel) => new(_runtime.Waiters, _runtime.Options.CallTimeout, cancel);
}
