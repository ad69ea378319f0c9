using RaftLog.Client.Connections;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Admin;

/// <summary>Configuration of topics, brokers, groups and client metrics.</summary>
internal sealed class ConfigRequests(ClientRuntime runtime, ClusterCalls calls, BrokerCalls brokers)
{
    /// <inheritdoc cref="KafkaAdmin.DescribeConfigsAsync"/>
    public async ValueTask<IReadOnlyList<ConfigEntry>> DescribeConfigsAsync(ConfigResource resource, CancellationToken cancel = default)
    {
        DescribeConfigsRequest request = new()
        {
            Resources =
            [
                new()
                {
                    ResourceType = (sbyte)resource.Type,
                    ResourceName = resource.Name,
                    ConfigurationKeys = null,
                },
            ],
        };
        CallDeadline deadline = NewDeadline(cancel);
        DescribeConfigsResponse response = NodeOf(resource) is { IsNode: true } node
            ? await brokers.AskAsync(node, request, static _ => ErrorCode.None, $"describe configs of broker {node}", deadline)
            : await calls.CallAnyAsync(request, static _ => ErrorCode.None, deadline);
        List<ConfigEntry> entries = [];
        foreach (DescribeConfigsResponse.DescribeConfigsResult result in response.Results)
        {
            ItemResult<ConfigResource>.From(resource, result.ErrorCode, result.ErrorMessage).ThrowIfFailed();
            entries.AddRange(
                result.Configs.Select(c => new ConfigEntry(c.Name, c.Value, (ConfigEntrySource)c.ConfigSource, c.ReadOnly, c.IsSensitive))
            );
        }

        return entries.OrderBy(e => e.Name, StringComparer.Ordinal).ToList();
    }

    /// <inheritdoc cref="KafkaAdmin.AlterConfigsAsync"/>
    public async ValueTask<IReadOnlyList<ItemResult<ConfigResource>>> AlterConfigsAsync(
        IReadOnlyList<ConfigChange> changes,
        bool validateOnly = false,
        CancellationToken cancel = default
    )
    {
        IncrementalAlterConfigsRequest request = new() { ValidateOnly = validateOnly };
        foreach (IGrouping<ConfigResource, ConfigChange> group in changes.GroupBy(c => c.Resource))
        {
            request.Resources.Add(
                new()
                {
                    ResourceType = (sbyte)group.Key.Type,
                    ResourceName = group.Key.Name,
                    Configs = group
                        .Select(c => new IncrementalAlterConfigsRequest.AlterableConfig
                        {
                            Name = c.Key,
                            ConfigOperation = (sbyte)c.Operation,
                            Value = c.Value,
                        })
                        .ToList(),
                }
            );
        }

        IncrementalAlterConfigsResponse response = await calls.CallAnyAsync(
            request,
            static r => AdminErrors.OfRouting(r.Responses, static c => c.ErrorCode),
            NewDeadline(cancel)
        );
        return response.Responses.ConvertAll(r =>
            ItemResult<ConfigResource>.From(
                new ConfigResource((ConfigResourceType)r.ResourceType, r.ResourceName),
                r.ErrorCode,
                r.ErrorMessage
            )
        );
    }

    /// <inheritdoc cref="KafkaAdmin.ListConfigResourcesAsync"/>
    public async ValueTask<IReadOnlyList<ConfigResource>> ListConfigResourcesAsync(
        ConfigResourceType type,
        CancellationToken cancel = default
    )
    {
        ListConfigResourcesResponse response = await calls.CallAnyAsync(
            new ListConfigResourcesRequest { ResourceTypes = [(sbyte)type] },
            static r => r.ErrorCode,
            NewDeadline(cancel)
        );
        AdminErrors.Check(response.ErrorCode, null, $"list resources of type {type}");
        return [.. response.ConfigResources.Select(each => new ConfigResource((ConfigResourceType)each.ResourceType, each.ResourceName))];
    }

    private CallDeadline NewDeadline(CancellationToken cancel) => new(runtime.Waiters, runtime.Options.CallTimeout, cancel);

    private static NodeId NodeOf(ConfigResource resource) =>
        resource.Type is ConfigResourceType.Broker or ConfigResourceType.BrokerLogger && int.TryParse(resource.Name, out int id)
            ? new NodeId(id)
            : NodeId.None;
}
