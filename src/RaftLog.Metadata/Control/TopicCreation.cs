using System.Collections.Immutable;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

/// <summary>Creates topics (KIP-4, KIP-464) and gives existing ones more partitions (KIP-195).</summary>
internal sealed class TopicCreation(ControllerOptions options, IConfigTable configs, IRandomSource random)
{
    private readonly ReplicaAssignments _assignments = new(random);

    /// <summary>
    /// Creates the topics of a request that are fine, and says what is wrong with the others. The response's <c>Configs</c> are empty: the
    /// full list needs the definitions.
    /// </summary>
    public ControllerResult<CreateTopicsResponse> Create(MetadataImage image, CreateTopicsRequest request)
    {
        List<IMetadataRecord> records = [];
        CreateTopicsResponse response = new();
        SortedSet<Uuid> ids = [];
        Repetitions<string> repetitions = new(request.Topics.Select(each => each.Name), StringComparer.Ordinal);
        response.Topics.AddRange(
            repetitions.All.Select(name => new CreateTopicsResponse.CreatableTopicResult
            {
                Name = name,
                ErrorCode = ErrorCode.InvalidRequest,
                ErrorMessage = NamedTwice(name),
                Configs = [],
            })
        );
        Names names = new(image);
        int partitionsLeft = options.MaxPartitionsPerRequest;
        foreach (CreateTopicsRequest.CreatableTopic topic in request.Topics.Where(each => !repetitions.Contain(each.Name)))
        {
            CreateTopicsResponse.CreatableTopicResult result = new()
            {
                Name = topic.Name,
                ErrorMessage = null,
                Configs = [],
            };
            response.Topics.Add(result);
            ImmutableSortedDictionary<string, string> values = MetadataImage.NoConfigs;
            IReadOnlyList<ValueList<NodeId>> partitions = [];
            ControlError? rejection =
                names.Judge(topic.Name)
                ?? TryConfigure(image, topic, ref values)
                ?? TryPlan(image, topic, ref partitionsLeft, out partitions);
            if (rejection is not null)
            {
                result.ErrorCode = rejection.Error;
                result.ErrorMessage = rejection.Message;
                continue;
            }

            result.NumPartitions = partitions.Count;
            result.ReplicationFactor = (short)partitions[0].Count;
            if (!request.ValidateOnly)
            {
                result.TopicId = NewTopicId(image, ids);
                AddTopic(records, image, new TopicRecord { Name = topic.Name, TopicId = result.TopicId }, values, partitions);
            }
        }

        return new(records, response);
    }

    /// <summary>Adds partitions to the topics of a request that are fine, and says what is wrong with the others.</summary>
    public ControllerResult<CreatePartitionsResponse> Extend(MetadataImage image, CreatePartitionsRequest request)
    {
        List<IMetadataRecord> records = [];
        CreatePartitionsResponse response = new();
        int partitionsLeft = options.MaxPartitionsPerRequest;
        Repetitions<string> repetitions = new(request.Topics.Select(each => each.Name), StringComparer.Ordinal);
        response.Results.AddRange(
            repetitions.All.Select(name => new CreatePartitionsResponse.CreatePartitionsTopicResult
            {
                Name = name,
                ErrorCode = ErrorCode.InvalidRequest,
                ErrorMessage = NamedTwice(name),
            })
        );
        foreach (CreatePartitionsRequest.CreatePartitionsTopic topic in request.Topics.Where(each => !repetitions.Contain(each.Name)))
        {
            ControlError? rejection = TryPlanMore(image, topic, ref partitionsLeft, out IReadOnlyList<ValueList<NodeId>> added);
            response.Results.Add(
                new()
                {
                    Name = topic.Name,
                    ErrorCode = rejection?.Error ?? ErrorCode.None,
                    ErrorMessage = rejection?.Message,
                }
            );
            if (rejection is null && !request.ValidateOnly && image.Topics.TryGet(topic.Name, out TopicImage? existing))
            {
                records.AddRange(
                    added.Select(
                        (replicas, index) =>
                            ReplicaAssignments.NewPartition(image, existing.Id, existing.Partitions.Count + index, replicas)
                    )
                );
            }
        }

        return new(records, response);
    }

    private static string NamedTwice(string name) => ErrorText.InShort($"Topic '{name}' is named twice.");

    private ControlError? TryPlan(
        MetadataImage image,
        CreateTopicsRequest.CreatableTopic topic,
        ref int partitionsLeft,
        out IReadOnlyList<ValueList<NodeId>> partitions
    ) =>
        topic.Assignments.Count > 0
            ? TryAssign(image, topic, ref partitionsLeft, out partitions)
            : TryPlace(image, topic, ref partitionsLeft, out partitions);

    private ControlError? TryAssign(
        MetadataImage image,
        CreateTopicsRequest.CreatableTopic topic,
        ref int partitionsLeft,
        out IReadOnlyList<ValueList<NodeId>> partitions
    )
    {
        partitions = [];
        if (topic.ReplicationFactor != -1 || topic.NumPartitions != -1)
        {
            return new ControlError(
                ErrorCode.InvalidRequest,
                "With a manual assignment the replication factor and the number of partitions must both be -1."
            );
        }

        if (Spend(ref partitionsLeft, topic.Assignments.Count) is { } tooMany)
        {
            return tooMany;
        }

        int factor = topic.Assignments[0].BrokerIds.Count;
        SortedDictionary<int, ValueList<NodeId>> byIndex = [];
        foreach (CreateTopicsRequest.CreatableReplicaAssignment assignment in topic.Assignments)
        {
            if (!byIndex.TryAdd(assignment.PartitionIndex, ValueList.From(assignment.BrokerIds)))
            {
                return new ControlError(ErrorCode.InvalidReplicaAssignment, $"Partition {assignment.PartitionIndex} is assigned twice.");
            }

            if (ReplicaAssignments.JudgeNew(image, assignment.PartitionIndex, assignment.BrokerIds, factor) is { } rejection)
            {
                return rejection;
            }
        }

        if (byIndex.Keys.First() != 0 || byIndex.Keys.Last() != byIndex.Count - 1)
        {
            return new ControlError(
                ErrorCode.InvalidReplicaAssignment,
                "The partitions of a manual assignment must be numbered from 0 without a gap."
            );
        }

        partitions = [.. byIndex.Values];
        return null;
    }

    private ControlError? TryPlace(
        MetadataImage image,
        CreateTopicsRequest.CreatableTopic topic,
        ref int partitionsLeft,
        out IReadOnlyList<ValueList<NodeId>> partitions
    )
    {
        partitions = [];
        if (topic.ReplicationFactor is 0 or < -1)
        {
            return new ControlError(
                ErrorCode.InvalidReplicationFactor,
                $"The replication factor is {topic.ReplicationFactor}; it must be above 0, or -1 for the default."
            );
        }

        if (topic.NumPartitions is 0 or < -1)
        {
            return new ControlError(
                ErrorCode.InvalidPartitions,
                $"The number of partitions is {topic.NumPartitions}; it must be above 0, or -1 for the default."
            );
        }

        int count = topic.NumPartitions == -1 ? options.DefaultPartitions : topic.NumPartitions;
        int factor = topic.ReplicationFactor == -1 ? options.DefaultReplicationFactor : topic.ReplicationFactor;
        return Spend(ref partitionsLeft, count) ?? _assignments.TryPlace(image, count, factor, out partitions);
    }

    private ControlError? TryPlanMore(
        MetadataImage image,
        CreatePartitionsRequest.CreatePartitionsTopic topic,
        ref int partitionsLeft,
        out IReadOnlyList<ValueList<NodeId>> added
    )
    {
        added = [];
        if (!image.Topics.TryGet(topic.Name, out TopicImage? existing))
        {
            return new ControlError(ErrorCode.UnknownTopicOrPartition, $"There is no topic '{topic.Name}'.");
        }

        int more = topic.Count - existing.Partitions.Count;
        if (more <= 0)
        {
            return new ControlError(
                ErrorCode.InvalidPartitions,
                $"Topic '{topic.Name}' has {existing.Partitions.Count} partitions already, and {topic.Count} were asked for."
            );
        }

        if (topic.Assignments is { } chosen && chosen.Count != more)
        {
            return new ControlError(
                ErrorCode.InvalidReplicaAssignment,
                $"{more} partitions are to be added, and the assignment is for {chosen.Count}."
            );
        }

        if (Spend(ref partitionsLeft, more) is { } tooMany)
        {
            return tooMany;
        }

        int factor = existing.Partitions.Values.First().Replicas.Count;
        if (topic.Assignments is null)
        {
            return _assignments.TryPlace(image, more, factor, out added);
        }

        for (int index = 0; index < more; index++)
        {
            if (
                ReplicaAssignments.JudgeNew(image, existing.Partitions.Count + index, topic.Assignments[index].BrokerIds, factor) is
                { } rejection
            )
            {
                return rejection;
            }
        }

        added = [.. topic.Assignments.Select(each => ValueList.From(each.BrokerIds))];
        return null;
    }

    private ControlError? Spend(ref int partitionsLeft, int count)
    {
        if (count > partitionsLeft)
        {
            return new ControlError(
                ErrorCode.PolicyViolation,
                $"One request may create at most {options.MaxPartitionsPerRequest} partitions."
            );
        }

        partitionsLeft -= count;
        return null;
    }

    private ControlError? TryConfigure(
        MetadataImage image,
        CreateTopicsRequest.CreatableTopic topic,
        ref ImmutableSortedDictionary<string, string> values
    )
    {
        foreach (CreateTopicsRequest.CreatableTopicConfig config in topic.Configs)
        {
            if (config.Value is null)
            {
                return new ControlError(ErrorCode.InvalidConfig, $"The configuration '{config.Name}' has no value.");
            }

            values = values.SetItem(config.Name, config.Value);
        }

        string? rejection = configs.Rejection(image, ConfigResource.Topic(topic.Name), values, [.. values.Keys]);
        return rejection is null ? null : new ControlError(ErrorCode.InvalidConfig, rejection);
    }

    private Uuid NewTopicId(MetadataImage image, SortedSet<Uuid> taken)
    {
        Uuid id;
        do
        {
            id = random.NextId();
        } while (ReservedDirectories.IsReserved(id) || image.Topics.ById.ContainsKey(id) || !taken.Add(id));

        return id;
    }

    private static void AddTopic(
        List<IMetadataRecord> records,
        MetadataImage image,
        TopicRecord topic,
        ImmutableSortedDictionary<string, string> values,
        IReadOnlyList<ValueList<NodeId>> partitions
    )
    {
        records.Add(topic);
        records.AddRange(
            values.Select(each => new ConfigRecord
            {
                ResourceType = (sbyte)ConfigResourceType.Topic,
                ResourceName = topic.Name,
                Name = each.Key,
                Value = each.Value,
            })
        );
        records.AddRange(partitions.Select((replicas, index) => ReplicaAssignments.NewPartition(image, topic.TopicId, index, replicas)));
    }

    /// <summary>Names against the existing ones.</summary>
    private sealed class Names
    {
        private readonly MetadataImage _image;
        private readonly Lazy<SortedDictionary<string, string>> _existing;

        public Names(MetadataImage image)
        {
            _image = image;
            _existing = new Lazy<SortedDictionary<string, string>>(Existing, isThreadSafe: false);
        }

        public ControlError? Judge(string name)
        {
            if (name == TopicNames.ClusterMetadata)
            {
                return new ControlError(ErrorCode.InvalidRequest, $"'{name}' is the cluster's own log and cannot be created.");
            }

            if (TopicNames.Rejection(name) is { } rejection)
            {
                return new ControlError(ErrorCode.InvalidTopicException, rejection);
            }

            if (_image.Topics.IdsByName.ContainsKey(name))
            {
                return new ControlError(ErrorCode.TopicAlreadyExists, $"Topic '{name}' already exists.");
            }

            bool hasSeparator = name.AsSpan().ContainsAny('.', '_');
            return hasSeparator && _existing.Value.TryGetValue(TopicNames.CollisionKey(name), out string? other)
                ? new ControlError(
                    ErrorCode.InvalidTopicException,
                    $"Topic '{name}' collides with '{other}': metrics do not tell '.' from '_'."
                )
                : null;
        }

        private SortedDictionary<string, string> Existing()
        {
            SortedDictionary<string, string> keys = new(StringComparer.Ordinal);
            foreach (string name in _image.Topics.IdsByName.Keys)
            {
                keys.TryAdd(TopicNames.CollisionKey(name), name);
            }

            return keys;
        }
    }
}
