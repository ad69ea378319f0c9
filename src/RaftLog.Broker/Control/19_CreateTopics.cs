using System.Collections.Immutable;
using RaftLog.Broker.Cluster;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Control;

/// <summary>
/// CreateTopics (19), versions 2 to 7, on the active controller. From version 5 the response lists the whole configuration of each new
/// topic, with where every value comes from (KIP-525).
/// </summary>
internal sealed class CreateTopicsHandler(ActiveController active, ClusterConfigs configs)
    : IRequestHandler<CreateTopicsRequest, CreateTopicsResponse>
{
    public async ValueTask<CreateTopicsResponse?> HandleAsync(CreateTopicsRequest request, RequestContext context) =>
        await active.DecideAsync((controller, _, _) => Decide(controller, request), error => ErrorResponses.Of(request, error));

    private ControllerResult<CreateTopicsResponse> Decide(Controller controller, CreateTopicsRequest request)
    {
        ControllerResult<CreateTopicsResponse> result = controller.CreateTopics(request);
        Dictionary<string, CreateTopicsRequest.CreatableTopic> asked = [];
        foreach (CreateTopicsRequest.CreatableTopic topic in request.Topics)
        {
            asked[topic.Name] = topic;
        }

        foreach (CreateTopicsResponse.CreatableTopicResult topic in result.Response.Topics)
        {
            if (topic.ErrorCode == ErrorCode.None && asked.TryGetValue(topic.Name, out CreateTopicsRequest.CreatableTopic? created))
            {
                topic.Configs = Describe(created, controller.Image);
            }
        }

        return result;
    }

    private List<CreateTopicsResponse.CreatableTopicConfigs> Describe(CreateTopicsRequest.CreatableTopic topic, MetadataImage image)
    {
        ImmutableSortedDictionary<string, string> overrides = topic
            .Configs.Where(config => config.Value is not null)
            .ToImmutableSortedDictionary(config => config.Name, config => config.Value!, StringComparer.Ordinal);
        return
        [
            .. configs
                .DescribeTopic(image, overrides)
                .Select(value => new CreateTopicsResponse.CreatableTopicConfigs
                {
                    Name = value.Name,
                    Value = value.Value,
                    ConfigSource = (sbyte)value.Source,
                    IsSensitive = value.Definition.IsSensitive,
                    ReadOnly = false,
                }),
        ];
    }
}
