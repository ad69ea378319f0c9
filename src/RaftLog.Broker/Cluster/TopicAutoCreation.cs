using RaftLog.Metadata;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Cluster;

/// <summary>Creates topics that a client asks for and that do not exist, where <c>auto.create.topics.enable</c> allows it.</summary>
internal sealed class TopicAutoCreation(MetadataCache cache, IControllerChannel controller, bool enabled, TimeSpan timeout)
{
    private const int ClusterDefault = -1;

    /// <summary>
    /// Creates what is missing, with the cluster's default partitions and replicas, and waits until this node knows the new topics. What cannot be
    /// created stays unknown, and the caller answers so.
    /// </summary>
    public async ValueTask CreateMissingAsync(IEnumerable<string?> names)
    {
        if (!enabled)
        {
            return;
        }

        MetadataImage image = cache.Image;
        CreateTopicsRequest request = new() { TimeoutMs = (int)timeout.TotalMilliseconds };
        foreach (string? name in names)
        {
            if (name is not null && !image.Topics.TryGet(name, out _) && TopicNames.Refusal(name) is null && !InternalTopics.Contains(name))
            {
                request.Topics.Add(new() { Name = name, NumPartitions = ClusterDefault, ReplicationFactor = ClusterDefault });
            }
        }

        if (request.Topics.Count == 0)
        {
            return;
        }

        if (await controller.SendAsync(request, timeout) is { } response)
        {
            List<string> created = [.. response.Topics.Where(topic => topic.ErrorCode == Protocol.ErrorCode.None).Select(topic => topic.Name)];
            await cache.WaitUntilAsync(now => created.TrueForAll(name => now.Topics.TryGet(name, out _)), timeout);
        }
    }
}
