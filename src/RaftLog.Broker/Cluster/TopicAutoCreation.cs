using RaftLog.Broker.Configuration;
using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Cluster;

/// <summary>
/// Creates topics that a client asks for and that do not exist, where <c>auto.create.topics.enable</c> allows it, and the topics that the
/// cluster keeps for itself when they are first needed. The client is told at once that the topic is unknown and asks again, as Kafka's
/// clients expect; a topic whose creation is under way is not asked for twice.
/// The client never learns why a topic stays unknown, so the node log says it: once for each topic and reason.
/// </summary>
internal sealed class TopicAutoCreation(
    MetadataCache cache,
    IControllerChannel controller,
    Supervisor supervisor,
    NodeLog nodeLog,
    IReadOnlyList<InternalTopicSettings> internalTopics,
    bool enabled,
    TimeSpan timeout
)
{
    private const int ClusterDefault = -1;

    /// <summary>The failures that are remembered, so that they are told once; then all are forgotten.</summary>
    private const int MostReported = 1_000;

    private readonly Lock _gate = new();
    private readonly HashSet<string> _underWay = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ErrorCode> _reported = new(StringComparer.Ordinal);

    /// <summary>
    /// Begins to create what clients ask for and is missing: with the cluster's default partitions and replicas, internal topics with their
    /// own. What cannot be created stays unknown.
    /// </summary>
    public void CreateMissing(IEnumerable<string?> names)
    {
        if (enabled)
        {
            Create(names.Select(name => name is null || TopicNames.Rejection(name) is not null ? null : RequestFor(name)));
        }
    }

    /// <summary>Begins to create an internal topic, whatever clients may create.</summary>
    public void CreateInternal(string name) => Create([RequestFor(name)]);

    private CreateTopicsRequest.CreatableTopic? RequestFor(string name)
    {
        if (!InternalTopics.Contains(name))
        {
            return new()
            {
                Name = name,
                NumPartitions = ClusterDefault,
                ReplicationFactor = ClusterDefault,
            };
        }

        return InternalSettings(name) is not { } settings
            ? null
            : new()
            {
                Name = name,
                NumPartitions = settings.Partitions,
                ReplicationFactor = settings.ReplicationFactor,
                Configs =
                [
                    .. settings.Configs.Select(each => new CreateTopicsRequest.CreatableTopicConfig
                    {
                        Name = each.Key,
                        Value = each.Value,
                    }),
                ],
            };
    }

    private InternalTopicSettings? InternalSettings(string name) => internalTopics.FirstOrDefault(each => each.Name == name);

    private void Create(IEnumerable<CreateTopicsRequest.CreatableTopic?> topics)
    {
        MetadataImage image = cache.Image;
        CreateTopicsRequest request = new() { TimeoutMs = (int)timeout.TotalMilliseconds };
        foreach (CreateTopicsRequest.CreatableTopic? topic in topics)
        {
            if (topic is not null && !image.Topics.TryGet(topic.Name, out _) && TryBegin(topic.Name))
            {
                request.Topics.Add(topic);
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
            _reported.Remove(topic);
            return;
        }

        if (_reported.TryGetValue(topic, out ErrorCode before) && before == error)
        {
            return;
        }

        if (_reported.Count >= MostReported)
        {
            _reported.Clear();
        }

        _reported[topic] = error;
        nodeLog.Warn(
            InternalSettings(topic) is { } settings
                ? $"topic {topic}, which the cluster keeps for itself, cannot be created: {Reason(settings, error, message)}"
                : $"topic '{topic}', which a client asks for, cannot be created automatically: "
                    + $"{error}{(message is null ? "" : $", {message}")}; {WayOut(error)}"
        );
    }

    private string Reason(InternalTopicSettings settings, ErrorCode error, string? message) =>
        error == ErrorCode.InvalidReplicationFactor
            ? $"{settings.FactorKey} is {settings.ReplicationFactor}, and {cache.Image.Brokers.Values.Count(broker => !broker.Fenced)} "
                + $"brokers are alive; "
                + "clients that need it wait. Start more brokers, or lower the key"
            : $"{error}{(message is null ? "" : $", {message}")}; it is tried again when a client needs it";

    private static string WayOut(ErrorCode error) =>
        error switch
        {
            ErrorCode.InvalidReplicationFactor =>
                "start more brokers, lower default.replication.factor, or create the topic with fewer replicas (raftlog topic create, "
                    + "kafka-topics.sh)",
            ErrorCode.RequestTimedOut or ErrorCode.NotController =>
                "no controller has answered in time; it is tried again when a client asks for the topic again",
            _ => "create the topic by hand, or set auto.create.topics.enable=false to stop these attempts",
        };
}
