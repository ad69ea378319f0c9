using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Cluster;

/// <summary>
/// Creates topics that a client asks for and that do not exist, where <c>auto.create.topics.enable</c> allows it. The client is told at once that the
/// topic is unknown and asks again, as Kafka's clients expect; a topic whose creation is under way is not asked for twice.
/// </summary>
internal sealed class TopicAutoCreation(MetadataCache cache, IControllerChannel controller, Supervisor supervisor, bool enabled, TimeSpan timeout)
{
    private const int ClusterDefault = -1;

    private readonly Lock _gate = new();
    private readonly HashSet<string> _underWay = new(StringComparer.Ordinal);

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
        await controller.SendOnceAsync(request, timeout);
        lock (_gate)
        {
            foreach (CreateTopicsRequest.CreatableTopic topic in request.Topics)
            {
                _underWay.Remove(topic.Name);
            }
        }
    }
}
