using RaftLog.Broker.Cluster;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// ListConfigResources (74), versions 0 and 1: what can have configuration, by type. Topics and brokers always can; a group or a
/// subscription to client metrics is one here while something is set for it. Version 0 knows client metrics only (KIP-714, KIP-1142).
/// </summary>
internal sealed class ListConfigResourcesHandler(MetadataCache cache)
    : IRequestHandler<ListConfigResourcesRequest, ListConfigResourcesResponse>
{
    private const short FirstWithTypes = 1;

    private static readonly ConfigResourceType[] Types =
    [
        ConfigResourceType.Topic,
        ConfigResourceType.Broker,
        ConfigResourceType.BrokerLogger,
        ConfigResourceType.ClientMetrics,
        ConfigResourceType.Group,
    ];

    private static readonly ConfigResourceType[] TypesBeforeTypes = [ConfigResourceType.ClientMetrics];

    public ValueTask<ListConfigResourcesResponse?> HandleAsync(ListConfigResourcesRequest request, RequestContext context)
    {
        ConfigResourceType[] known = context.Version < FirstWithTypes ? TypesBeforeTypes : Types;
        SortedSet<ConfigResourceType> asked = [.. request.ResourceTypes.Select(type => (ConfigResourceType)type)];
        ListConfigResourcesResponse response = new();
        if (!asked.IsSubsetOf(known))
        {
            response.ErrorCode = ErrorCode.UnsupportedVersion;
            return ValueTask.FromResult<ListConfigResourcesResponse?>(response);
        }

        MetadataImage image = cache.Image;
        foreach (ConfigResourceType type in asked.Count > 0 ? [.. asked] : known)
        {
            foreach (string name in NamesOf(type, image, context.Connection.ListenerName))
            {
                response.ConfigResources.Add(new() { ResourceName = name, ResourceType = (sbyte)type });
            }
        }

        return ValueTask.FromResult<ListConfigResourcesResponse?>(response);
    }

    private static IEnumerable<string> NamesOf(ConfigResourceType type, MetadataImage image, string listener) =>
        type switch
        {
            ConfigResourceType.Topic => image.Topics.IdsByName.Keys,
            ConfigResourceType.Broker or ConfigResourceType.BrokerLogger => image
                .Alive(listener)
                .Select(alive => alive.Broker.Id.ToString()),
            _ => image.Configs.Keys.Where(resource => resource.Type == type).Select(resource => resource.Name),
        };
}
