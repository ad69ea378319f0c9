using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Cluster;

/// <summary>
/// Creates topics that a client asks for and that do not exist, where <c>auto.create.topics.enable</c> allows it. The client is told at once that the
/// topic is unknown and asks again, as Kafka's clients expect; a topic whose creation is under way is not asked for twice.
/// The client never learns why a topic stays unknown, so the node log says it: once for each topic and reason.
/// </summary>
internal sealed class TopicAutoCreation(
    MetadataCache cache, IControllerChannel controller, Supervisor supervisor, Journal journal, bool enabled, TimeSpan timeout)
{
    private const int ClusterDefault = -1;

    /// <summary>The failures that are remembered, so that they are told once; then all are forgotten.</summary>
    private const int MostTold = 1_000;

    private readonly Lock _gate = new();
    private readonly HashSet<string> _underWay = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ErrorCode> _told = new(StringComparer.Ordinal);

    /// <summary>Begins to create what is missing, with the cluster's default partitions and replicas. What cannot be created stays unknown.</summary>
    public void CreateMissing(IEnumerable<string?> names)
    {
        if (!enabled)
        {
            return;
        }

        MetadataImage image = cache.Image;
        CreateTopicsRequest request = new() { TimeoutMs = (int)timeout.TotalMilliseconds };
        foreach (string? name in names)
        {
            if (name is not null && !image.Topics.TryGet(name, out _) && TopicNames.Refusal(name) is null && !InternalTopics.Contains(name)
                && TryBegin(name))
            {
                request.Topics.Add(new() { Name = name, NumPartitions = ClusterDefault, ReplicationFactor = ClusterDefault });
            }
        }

        if (request.Topics.Count > 0)
        {
            supervisor.Run("automatic topic creation", () => CreateAsync(request));
        }
    }

    private bool TryBegin(string name)
    {
        lock (_gate)
        {
            return _underWay.Add(name);
        }
    }

    private async Task CreateAsync(CreateTopicsRequest request)
    {
        CreateTopicsResponse? response = await controller.SendOnceAsync(request, timeout);
        lock (_gate)
        {
            foreach (CreateTopicsRequest.CreatableTopic topic in request.Topics)
            {
                _underWay.Remove(topic.Name);
                CreateTopicsResponse.CreatableTopicResult? result = response?.Topics.Find(each => each.Name == topic.Name);
                Tell(topic.Name, result?.ErrorCode ?? ErrorCode.RequestTimedOut, result?.ErrorMessage);
            }
        }
    }

    private void Tell(string topic, ErrorCode error, string? message)
    {
        if (error is ErrorCode.None or ErrorCode.TopicAlreadyExists)
        {
            _told.Remove(topic);
            return;
        }

        if (_told.TryGetValue(topic, out ErrorCode before) && before == error)
        {
            return;
        }

        if (_told.Count >= MostTold)
        {
            _told.Clear();
        }

        _told[topic] = error;
        string wayOut = error switch
        {
            ErrorCode.InvalidReplicationFactor =>
                "start more brokers, lower default.replication.factor, or create the topic with fewer replicas (raftlog topics create, kafka-topics.sh)",
            ErrorCode.RequestTimedOut or ErrorCode.NotController => "no controller has answered in time; it is tried again when a client asks for the topic again",
            _ => "create the topic by hand, or set auto.create.topics.enable=false to stop these attempts",
        };
        journal.Warn($"topic '{topic}', which a client asks for, cannot be created automatically: {error}{(message is null ? "" : $", {message}")}; {wayOut}");
    }
}
