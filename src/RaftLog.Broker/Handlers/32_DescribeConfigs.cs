using System.Globalization;
using RaftLog.Broker.Cluster;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// DescribeConfigs (32), versions 1 to 4: topics, groups, client metrics, this node, and the values set for all brokers. Brokers and
/// controllers answer it, each for itself (KIP-919). Null or no keys mean all of them. Each value says where it comes from, and with
/// synonyms what else was in the running (KIP-226).
/// </summary>
internal sealed class DescribeConfigsHandler(Func<MetadataImage> latest, ClusterConfigs configs)
    : IRequestHandler<DescribeConfigsRequest, DescribeConfigsResponse>
{
    // Kafka's response without an error has an empty text, not null.
    private const string NoMessage = "";

    public ValueTask<DescribeConfigsResponse?> HandleAsync(DescribeConfigsRequest request, RequestContext context)
    {
        MetadataImage image = latest();
        DescribeConfigsResponse response = new();
        foreach (DescribeConfigsRequest.DescribeConfigsResource resource in request.Resources)
        {
            DescribeConfigsResponse.DescribeConfigsResult result = new()
            {
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            };
            response.Results.Add(result);
            (ErrorCode error, string? message, IReadOnlyList<DescribedConfig> values) = Find(resource, image);
            result.ErrorCode = error;
            result.ErrorMessage = message is null ? null : ErrorText.InShort(message);
            foreach (DescribedConfig value in values)
            {
                if (resource.ConfigurationKeys is not { Count: > 0 } keys || keys.Contains(value.Name))
                {
                    result.Configs.Add(Describe(value, request));
                }
            }
        }

        return ValueTask.FromResult<DescribeConfigsResponse?>(response);
    }

    private (ErrorCode Error, string? Message, IReadOnlyList<DescribedConfig> Values) Find(
        DescribeConfigsRequest.DescribeConfigsResource resource,
        MetadataImage image
    )
    {
        switch ((ConfigResourceType)resource.ResourceType)
        {
            case ConfigResourceType.Topic when TopicNames.Rejection(resource.ResourceName) is { } rejection:
                return (ErrorCode.InvalidTopicException, rejection, []);
            case ConfigResourceType.Topic:
                return image.Topics.TryGet(resource.ResourceName, out _)
                    ? (ErrorCode.None, NoMessage, configs.DescribeTopic(image, resource.ResourceName))
                    : (ErrorCode.UnknownTopicOrPartition, $"Topic {resource.ResourceName} does not exist.", []);
            case ConfigResourceType.Broker when resource.ResourceName.Length == 0:
                return (ErrorCode.None, NoMessage, configs.DescribeAllBrokers(image));
            case ConfigResourceType.Broker:
                return RejectionOfNode(resource.ResourceName, " or empty string")
                    ?? (ErrorCode.None, NoMessage, configs.DescribeBroker(image));
            case ConfigResourceType.Group or ConfigResourceType.ClientMetrics when resource.ResourceName.Length == 0:
                return (ErrorCode.InvalidRequest, "The resource needs a name.", []);
            case ConfigResourceType.Group:
                return (ErrorCode.None, NoMessage, configs.DescribeGroup(image, resource.ResourceName));
            case ConfigResourceType.ClientMetrics:
                return (ErrorCode.None, NoMessage, configs.DescribeClientMetrics(image, resource.ResourceName));
            case ConfigResourceType.BrokerLogger when resource.ResourceName.Length == 0:
                return (ErrorCode.InvalidRequest, "Broker id must not be empty", []);
            case ConfigResourceType.BrokerLogger:
                // The node log has one level, and no loggers with levels of their own.
                return RejectionOfNode(resource.ResourceName, "") ?? (ErrorCode.None, NoMessage, []);
            default:
                return (ErrorCode.InvalidRequest, $"Resource type {resource.ResourceType} is not known.", []);
        }
    }

    /// <summary>What to say of a name that is not this node's; null where it is.</summary>
    private (ErrorCode Error, string? Message, IReadOnlyList<DescribedConfig> Values)? RejectionOfNode(string name, string orElse)
    {
        if (!int.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int id))
        {
            return (ErrorCode.InvalidRequest, $"Broker id must be an integer, but it is: {name}", []);
        }

        return id == configs.Self.Value
            ? null
            : (ErrorCode.InvalidRequest, $"Unexpected broker id, expected {configs.Self}{orElse}, but received {name}", []);
    }

    private static DescribeConfigsResponse.ResourceConfig Describe(DescribedConfig value, DescribeConfigsRequest request)
    {
        DescribeConfigsResponse.ResourceConfig described = new()
        {
            Name = value.Name,
            Value = value.Value,
            ReadOnly = value.IsReadOnly,
            ConfigSource = (sbyte)value.Source,
            IsSensitive = value.Definition.IsSensitive,
            ConfigType = (sbyte)value.Definition.Type,
            Documentation = request.IncludeDocumentation ? value.Definition.Description : null,
        };
        if (request.IncludeSynonyms)
        {
            foreach (ConfigSynonym synonym in value.Synonyms)
            {
                described.Synonyms.Add(
                    new()
                    {
                        Name = synonym.Name,
                        Value = synonym.Value,
                        Source = (sbyte)synonym.Source,
                    }
                );
            }
        }

        return described;
    }
}
