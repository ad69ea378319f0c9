using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Groups;

/// <summary>The names of topics that a coordinator gives by id.</summary>
internal sealed class TopicNames(ClusterCalls calls, ClusterMetadata metadata)
{
    private readonly Dictionary<Uuid, string> _names = [];

    /// <summary>The names of those topics that exist. One that was deleted, or that no broker has heard of yet, is left out.</summary>
    /// <exception cref="KafkaException">No broker answered in time.</exception>
    public async ValueTask<IReadOnlyDictionary<Uuid, string>> FindAsync(IReadOnlyCollection<Uuid> ids, CallDeadline deadline)
    {
        List<Uuid> unknown = [.. ids.Where(id => !_names.ContainsKey(id))];
        if (unknown.Count > 0)
        {
            MetadataRequest request = new()
            {
                Topics = unknown.ConvertAll(id => new MetadataRequest.TopicData { TopicId = id, Name = null }),
                AllowAutoTopicCreation = false,
            };
            MetadataResponse response = await calls.CallAnyAsync(request, static r => r.ErrorCode, deadline);
            foreach (MetadataResponse.TopicData topic in response.Topics)
            {
                if (topic is { ErrorCode: ErrorCode.None, Name: { } name })
                {
                    _names[topic.TopicId] = name;
                }
            }

            // What is known of a topic of that name may be of the one before it.
            metadata.Invalidate();
        }

        foreach (Uuid gone in _names.Keys.Except(ids).ToList())
        {
            _names.Remove(gone);
        }

        return new Dictionary<Uuid, string>(_names);
    }
}
