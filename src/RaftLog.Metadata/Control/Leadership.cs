using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>Moves leaderships after brokers came and went, on request, and back to preferred leaders.</summary>
internal static class Leadership
{
    private const sbyte PreferredType = 0;
    private const sbyte UncleanType = 1;

    /// <summary>The topic key that allows losing acknowledged records for having a leader.</summary>
    public const string UncleanElectionKey = "unclean.leader.election.enable";

    /// <summary>
    /// After records that changed what a broker can do: it leaves the in-sync sets where it can no longer serve, loses its leaderships, and
    /// partitions without a leader that have a replica on it try again.
    /// </summary>
    public static void Refresh(Draft draft, IConfigTable configs, NodeId broker)
    {
        MetadataImage image = draft.Image;
        foreach (TopicImage topic in image.Topics.ById.Values)
        {
            foreach ((int index, PartitionRegistration partition) in topic.Partitions)
            {
                bool cannotServe = partition.Isr.Contains(broker) && !BrokerDirectories.CanServe(image, partition, broker);
                bool waits = !partition.HasLeader && partition.Replicas.Contains(broker);
                if (cannotServe || waits)
                {
                    draft.AddIfAny(Refreshed(image, configs, topic, index, partition));
                }
            }
        }
    }

    /// <summary>
    /// A broker stopped uncleanly: where another controller called it eligible it may have lost records since (KIP-966).
    /// </summary>
    public static void ForgetEligible(Draft draft, NodeId broker)
    {
        foreach (TopicImage topic in draft.Image.Topics.ById.Values)
        {
            foreach ((int index, PartitionRegistration partition) in topic.Partitions)
            {
                if (partition.EligibleLeaders.Contains(broker))
                {
                    draft.Add(
                        new PartitionChangeRecord
                        {
                            TopicId = topic.Id,
                            PartitionId = index,
                            EligibleLeaderReplicas = partition.EligibleLeaders.Without(broker).ToList(),
                        }
                    );
                }
            }
        }
    }

    /// <summary>Partitions without a leader try again where unclean election is allowed.</summary>
    public static void SweepLeaderless(Draft draft, IConfigTable configs)
    {
        MetadataImage image = draft.Image;
        foreach (TopicImage topic in image.Topics.ById.Values)
        {
            if (!AllowsUnclean(image, configs, topic))
            {
                continue;
            }

            foreach ((int index, PartitionRegistration partition) in topic.Partitions)
            {
                if (!partition.HasLeader)
                {
                    draft.AddIfAny(Refreshed(image, configs, topic, index, partition));
                }
            }
        }
    }

    /// <summary>Moves leaderships back to preferred leaders, at most so many; true when more remain.</summary>
    public static bool Rebalance(Draft draft, int most)
    {
        MetadataImage image = draft.Image;
        foreach (TopicImage topic in image.Topics.ById.Values)
        {
            foreach ((int index, PartitionRegistration partition) in topic.Partitions)
            {
                if (partition.Leader == partition.PreferredLeader)
                {
                    continue;
                }

                if (draft.Count >= most)
                {
                    return true;
                }

                draft.AddIfAny(PreferredElection(image, topic, index, partition));
            }
        }

        return false;
    }

    /// <summary>
    /// Answers ElectLeaders (KIP-183, KIP-460). Without a list every partition of every topic is tried, and the partitions that need
    /// nothing are left out.
    /// </summary>
    public static ControllerResult<ElectLeadersResponse> Elect(MetadataImage image, ElectLeadersRequest request)
    {
        ElectLeadersResponse response = new();
        if (request.ElectionType is not (PreferredType or UncleanType))
        {
            response.ErrorCode = ErrorCode.InvalidRequest;
            response.ReplicaElectionResults.AddRange(
                (request.TopicPartitions ?? []).Select(topic => RejectedKind(topic, request.ElectionType))
            );
            return new ControllerResult<ElectLeadersResponse>([], response);
        }

        Draft draft = new(image);
        bool all = request.TopicPartitions is null;
        foreach ((string name, List<int> partitions) in Wanted(image, request))
        {
            ElectLeadersResponse.ReplicaElectionResult results = new() { Topic = name };
            foreach (int index in partitions)
            {
                (ErrorCode error, string? message) = ElectOne(draft, name, index, request.ElectionType);
                if (!all || error != ErrorCode.ElectionNotNeeded)
                {
                    results.PartitionResult.Add(
                        new()
                        {
                            PartitionId = index,
                            ErrorCode = error,
                            ErrorMessage = message is null ? null : ErrorText.InShort(message),
                        }
                    );
                }
            }

            response.ReplicaElectionResults.Add(results);
        }

        return draft.Respond(response);
    }

    /// <summary>True when a topic may lose acknowledged records for having a leader.</summary>
    public static bool AllowsUnclean(MetadataImage image, IConfigTable configs, TopicImage topic) =>
        string.Equals(
            ConfigValues.Effective(image, configs, ConfigResource.Topic(topic.Name), UncleanElectionKey),
            "true",
            StringComparison.OrdinalIgnoreCase
        );

    /// <summary>The election that a topic's configuration allows when nobody asks for a particular one.</summary>
    public static ElectionKind KindFor(MetadataImage image, IConfigTable configs, TopicImage topic) =>
        AllowsUnclean(image, configs, topic) ? ElectionKind.Unclean : ElectionKind.Online;

    private static PartitionChangeRecord? Refreshed(
        MetadataImage image,
        IConfigTable configs,
        TopicImage topic,
        int index,
        PartitionRegistration partition
    ) =>
        new PartitionChangeBuilder(image, topic.Id, index, partition)
        {
            Election = KindFor(image, configs, topic),
            Isr = [.. partition.Isr.Where(node => BrokerDirectories.CanServe(image, partition, node))],
        }.Build();

    private static PartitionChangeRecord? PreferredElection(
        MetadataImage image,
        TopicImage topic,
        int index,
        PartitionRegistration partition
    ) => new PartitionChangeBuilder(image, topic.Id, index, partition) { Election = ElectionKind.Preferred }.Build();

    private static ElectLeadersResponse.ReplicaElectionResult RejectedKind(ElectLeadersRequest.ElectionTopic topic, sbyte type) =>
        new()
        {
            Topic = topic.Topic,
            PartitionResult =
            [
                .. topic.Partitions.Select(index => new ElectLeadersResponse.PartitionElectionResult
                {
                    PartitionId = index,
                    ErrorCode = ErrorCode.InvalidRequest,
                    ErrorMessage = $"There is no kind of election {type}.",
                }),
            ],
        };

    private static IEnumerable<(string Name, List<int> Partitions)> Wanted(MetadataImage image, ElectLeadersRequest request) =>
        request.TopicPartitions is null
            ? image.Topics.InNameOrder.Select(topic => (topic.Name, topic.Partitions.Keys.ToList()))
            : request.TopicPartitions.Select(topic => (topic.Topic, topic.Partitions));

    private static (ErrorCode Error, string? Message) ElectOne(Draft draft, string name, int index, sbyte type)
    {
        MetadataImage image = draft.Image;
        if (!image.Topics.TryGet(name, out TopicImage? topic))
        {
            return (ErrorCode.UnknownTopicOrPartition, $"There is no topic '{name}'.");
        }

        if (!topic.Partitions.TryGetValue(index, out PartitionRegistration? partition))
        {
            return (ErrorCode.UnknownTopicOrPartition, $"Topic '{name}' has no partition {index}.");
        }

        bool preferred = type == PreferredType;
        if (preferred ? partition.Leader == partition.PreferredLeader : partition.HasLeader)
        {
            return (ErrorCode.ElectionNotNeeded, preferred ? "The preferred leader leads already." : "The partition has a leader.");
        }

        // The election must move the leadership; a record that only tidies up is no success.
        PartitionChangeRecord? change = new PartitionChangeBuilder(image, topic.Id, index, partition)
        {
            Election = preferred ? ElectionKind.Preferred : ElectionKind.Unclean,
        }.Build();
        if (change is null || change.Leader == PartitionRegistration.LeaderUnchanged || !change.Leader.IsNode)
        {
            return preferred
                ? (ErrorCode.PreferredLeaderNotAvailable, $"The preferred leader {partition.PreferredLeader} is not in sync or not active.")
                : (ErrorCode.EligibleLeadersNotAvailable, "No replica is active.");
        }

        draft.Add(change);
        return (ErrorCode.None, null);
    }
}
