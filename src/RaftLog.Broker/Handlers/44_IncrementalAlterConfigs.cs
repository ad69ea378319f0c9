using System.Globalization;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// IncrementalAlterConfigs (44): passed on to the controller, but for what only this broker can judge: whether the directories of
/// <c>cordoned.log.dirs</c> are its own.
/// </summary>
/// <param name="forwarded">The way to the controller.</param>
/// <param name="places">The directories.</param>
/// <param name="self">This node.</param>
internal sealed class IncrementalAlterConfigsHandler(
    ForwardedToController<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> forwarded,
    LogPlacement places,
    NodeId self
) : IRequestHandler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>
{
    private const sbyte Delete = 1;
    private const sbyte Subtract = 3;

    private readonly string _self = self.Value.ToString(CultureInfo.InvariantCulture);

    public async ValueTask<IncrementalAlterConfigsResponse?> HandleAsync(IncrementalAlterConfigsRequest request, RequestContext context)
    {
        List<IncrementalAlterConfigsResponse.AlterConfigsResourceResponse> rejected = [];
        foreach (IncrementalAlterConfigsRequest.AlterConfigsResource resource in request.Resources)
        {
            if (UnknownDirectory(resource) is { } unknown)
            {
                rejected.Add(
                    new()
                    {
                        ResourceType = resource.ResourceType,
                        ResourceName = resource.ResourceName,
                        ErrorCode = ErrorCode.InvalidRequest,
                        ErrorMessage = ErrorText.InShort(
                            $"Invalid entry in {LogPlacement.CordonedKey}: {unknown}. All cordoned log dirs must be entries of log.dirs "
                                + $"or log.dir."
                        ),
                    }
                );
            }
        }

        if (rejected.Count == 0)
        {
            return await forwarded.HandleAsync(request, context);
        }

        request.Resources.RemoveAll(resource =>
            rejected.Exists(each => each.ResourceType == resource.ResourceType && each.ResourceName == resource.ResourceName)
        );
        IncrementalAlterConfigsResponse? response =
            request.Resources.Count == 0 ? new IncrementalAlterConfigsResponse() : await forwarded.HandleAsync(request, context);
        response?.Responses.AddRange(rejected);
        return response;
    }

    private string? UnknownDirectory(IncrementalAlterConfigsRequest.AlterConfigsResource resource) =>
        (ConfigResourceType)resource.ResourceType == ConfigResourceType.Broker
        && (resource.ResourceName.Length == 0 || resource.ResourceName == _self)
            ? resource
                .Configs.Where(each =>
                    each is { Name: LogPlacement.CordonedKey, Value: not null, ConfigOperation: not (Delete or Subtract) }
                )
                .SelectMany(each => ConfigText.List(each.Value!))
                .FirstOrDefault(path => path != LogPlacement.AllDirectories && places.Find(path) is null)
            : null;
}
