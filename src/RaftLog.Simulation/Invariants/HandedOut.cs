using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation;

/// <summary>
/// What the cluster hands out once is handed out once, ever, across failovers: producer ids and their blocks, broker epochs, topic ids, ids
/// of members of groups. And what a controller answers rests on records that a majority of the voters has on its disks when the response
/// leaves. Read from the wire and from disk images.
/// </summary>
internal sealed class HandedOut(SimCluster cluster, MetadataTail tail, QuorumWatch quorum)
{
    private const sbyte SetOperation = 0;

    private readonly SortedDictionary<long, long> _blocks = [];
    private readonly HashSet<(ProducerId, ProducerEpoch)> _producers = [];
    private readonly Dictionary<BrokerEpoch, (NodeId Broker, Uuid Incarnation)> _registrations = [];
    private readonly Dictionary<Uuid, string> _topics = [];
    private readonly HashSet<(string Group, string Member)> _members = [];

    /// <summary>How many answers were found to rest on a record of the log of whoever answered.</summary>
    internal long Checks { get; private set; }

    /// <summary>How many things were handed out.</summary>
    internal long Count => _blocks.Count + _producers.Count + _registrations.Count + _topics.Count + _members.Count;

    /// <summary>A broker gets a block of producer ids.</summary>
    internal void BlockLeaves(int from, AllocateProducerIdsResponse response)
    {
        if (response.ErrorCode != ErrorCode.None)
        {
            return;
        }

        (long first, long end) = (response.ProducerIdStart.Value, response.ProducerIdStart.Value + response.ProducerIdLen);
        foreach ((long otherFirst, long otherEnd) in _blocks)
        {
            if (first < otherEnd && otherFirst < end)
            {
                Fail($"n{from} hands out the producer ids {first} to {end - 1}, and {otherFirst} to {otherEnd - 1} were handed out before");
                return;
            }
        }

        _blocks.Add(first, end);
        RestsOn(
            from,
            $"hands out the producer ids below {end}",
            record => record is ProducerIdsRecord ids && ids.NextProducerId.Value >= end
        );
    }

    /// <summary>A producer gets its id.</summary>
    internal void ProducerLeaves(int from, InitProducerIdResponse response)
    {
        if (response.ErrorCode == ErrorCode.None && !_producers.Add((response.ProducerId, response.ProducerEpoch)))
        {
            Fail(
                $"n{from} hands out the producer id {response.ProducerId} with epoch {response.ProducerEpoch}, which was handed out before"
            );
        }
    }

    /// <summary>A broker gets its epoch.</summary>
    internal void RegistrationLeaves(int from, BrokerRegistrationRequest request, BrokerRegistrationResponse response)
    {
        if (response.ErrorCode != ErrorCode.None)
        {
            return;
        }

        (NodeId, Uuid) whose = (request.BrokerId, request.IncarnationId);
        if (!_registrations.TryAdd(response.BrokerEpoch, whose) && _registrations[response.BrokerEpoch] != whose)
        {
            Fail($"n{from} gives the broker epoch {response.BrokerEpoch} to {whose}, and {_registrations[response.BrokerEpoch]} has it");
        }

        RestsOn(
            from,
            $"gives the broker epoch {response.BrokerEpoch}",
            record =>
                record is RegisterBrokerRecord broker && broker.BrokerId == request.BrokerId && broker.BrokerEpoch == response.BrokerEpoch
        );
    }

    /// <summary>Topics are confirmed, by a controller or by a broker that passes its response on.</summary>
    internal void TopicsLeave(int from, CreateTopicsResponse response)
    {
        foreach (CreateTopicsResponse.CreatableTopicResult topic in response.Topics)
        {
            if (topic.ErrorCode != ErrorCode.None || topic.TopicId == Uuid.Zero)
            {
                continue;
            }

            if (!_topics.TryAdd(topic.TopicId, topic.Name) && _topics[topic.TopicId] != topic.Name)
            {
                Fail($"n{from} gives the topic id {topic.TopicId} to {topic.Name}, and {_topics[topic.TopicId]} has it");
            }

            RestsOn(from, $"confirms the topic {topic.Name}", record => record is TopicRecord created && created.TopicId == topic.TopicId);
        }
    }

    /// <summary>The end of topics is confirmed.</summary>
    internal void DeletionsLeave(int from, DeleteTopicsResponse response)
    {
        foreach (DeleteTopicsResponse.DeletableTopicResult topic in response.Responses)
        {
            if (topic.ErrorCode == ErrorCode.None && topic.TopicId != Uuid.Zero)
            {
                RestsOn(
                    from,
                    $"confirms that {topic.Name} is deleted",
                    record => record is RemoveTopicRecord removed && removed.TopicId == topic.TopicId
                );
            }
        }
    }

    /// <summary>Topics get more partitions.</summary>
    internal void PartitionsLeave(int from, CreatePartitionsRequest request, CreatePartitionsResponse response)
    {
        foreach (CreatePartitionsResponse.CreatePartitionsTopicResult topic in response.Results)
        {
            if (
                topic.ErrorCode != ErrorCode.None
                || request.ValidateOnly
                || request.Topics.Find(each => each.Name == topic.Name) is not { } asked
            )
            {
                continue;
            }

            HashSet<Uuid> ids = [];
            RestsOn(
                from,
                $"confirms partition {asked.Count - 1} of {topic.Name}",
                record =>
                {
                    if (record is TopicRecord created && created.Name == topic.Name)
                    {
                        ids.Add(created.TopicId);
                    }

                    return record is PartitionRecord partition
                        && partition.PartitionId == asked.Count - 1
                        && ids.Contains(partition.TopicId);
                }
            );
        }
    }

    /// <summary>Single values of configuration are confirmed.</summary>
    internal void ConfigsLeave(int from, IncrementalAlterConfigsRequest request, IncrementalAlterConfigsResponse response)
    {
        foreach (IncrementalAlterConfigsResponse.AlterConfigsResourceResponse resource in response.Responses)
        {
            if (
                resource.ErrorCode == ErrorCode.None
                && !request.ValidateOnly
                && request.Resources.Find(each => each.ResourceType == resource.ResourceType && each.ResourceName == resource.ResourceName)
                    is { } asked
            )
            {
                foreach (
                    IncrementalAlterConfigsRequest.AlterableConfig config in asked.Configs.Where(static each =>
                        each.ConfigOperation == SetOperation
                    )
                )
                {
                    ConfigLeaves(from, resource.ResourceName, config.Name, config.Value);
                }
            }
        }
    }

    /// <summary>Whole configurations are confirmed.</summary>
    internal void ConfigsLeave(int from, AlterConfigsRequest request, AlterConfigsResponse response)
    {
        foreach (AlterConfigsResponse.AlterConfigsResourceResponse resource in response.Responses)
        {
            if (
                resource.ErrorCode == ErrorCode.None
                && !request.ValidateOnly
                && request.Resources.Find(each => each.ResourceType == resource.ResourceType && each.ResourceName == resource.ResourceName)
                    is { } asked
            )
            {
                asked.Configs.ForEach(each => ConfigLeaves(from, resource.ResourceName, each.Name, each.Value));
            }
        }
    }

    /// <summary>A member of a classic group that has no id yet gets one.</summary>
    internal void MemberLeaves(int from, JoinGroupRequest request, JoinGroupResponse response)
    {
        if (
            request.MemberId.Length == 0
            && response.ErrorCode is (ErrorCode.None or ErrorCode.MemberIdRequired)
            && response.MemberId.Length > 0
            && !_members.Add((request.GroupId, response.MemberId))
        )
        {
            Fail($"n{from} gives the member id {response.MemberId} of group {request.GroupId}, which was given before");
        }
    }

    private void ConfigLeaves(int from, string resource, string key, string? value) =>
        RestsOn(
            from,
            $"confirms {key} = {value} of {resource}",
            record => record is ConfigRecord config && config.ResourceName == resource && config.Name == key && config.Value == value
        );

    // Who has no such record in its log any more, since a snapshot took its place, or not yet, since it passes on another's answer, shows
    // nothing.
    private void RestsOn(int from, string what, Func<IMetadataRecord, bool> isIt)
    {
        if (cluster.IsNode(from) && tail.FirstOffset(cluster.Machine(from), isIt) is { } offset)
        {
            Checks++;
            quorum.Believed(from, offset + 1, $"{what}, which rests on");
        }
    }

    private void Fail(string what) => cluster.Scheduler.Fail($"handed-out-once: {what}");
}
