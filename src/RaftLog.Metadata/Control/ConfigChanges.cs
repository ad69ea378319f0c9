using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

using Values = ImmutableSortedDictionary<string, string>;

/// <summary>Changes configuration values: one by one (KIP-339), or all of a resource at once.</summary>
internal sealed partial class ConfigChanges(IConfigTable configs)
{
    private const string CordonedDirectories = "cordoned.log.dirs";

    private enum Operation : sbyte
    {
        Set = 0,
        Delete = 1,
        Append = 2,
        Subtract = 3,
    }

    /// <summary>Responds to IncrementalAlterConfigs: each resource is changed whole or not at all.</summary>
    public ControllerResult<IncrementalAlterConfigsResponse> Alter(
        MetadataImage image,
        IncrementalAlterConfigsRequest request,
        bool isForwarded
    )
    {
        List<IMetadataRecord> records = [];
        IncrementalAlterConfigsResponse response = new();
        Repetitions<ConfigResource> repetitions = new(request.Resources.Select(each => ResourceOf(each.ResourceType, each.ResourceName)));
        foreach (IncrementalAlterConfigsRequest.AlterConfigsResource asked in request.Resources)
        {
            ConfigResource resource = ResourceOf(asked.ResourceType, asked.ResourceName);
            Values before = image.ConfigOf(resource);
            Values after = before;
            ControlError? rejection =
                JudgeRepetition(repetitions, resource)
                ?? JudgeResource(image, resource)
                ?? TryAlter(resource, asked.Configs, ref after)
                ?? (isForwarded ? null : JudgeCordoning(resource, before, after))
                ?? JudgeValues(
                    image,
                    resource,
                    after,
                    [.. asked.Configs.Where(each => each.ConfigOperation != (sbyte)Operation.Delete).Select(each => each.Name)]
                );
            if (rejection is null && !request.ValidateOnly)
            {
                AddDifferences(records, resource, before, after);
            }

            response.Responses.Add(
                new()
                {
                    ErrorCode = rejection?.Error ?? ErrorCode.None,
                    ErrorMessage = rejection?.Message,
                    ResourceType = asked.ResourceType,
                    ResourceName = asked.ResourceName,
                }
            );
        }

        return new(records, response);
    }

    /// <summary>Responds to AlterConfigs: what is not named goes.</summary>
    public ControllerResult<AlterConfigsResponse> Replace(MetadataImage image, AlterConfigsRequest request, bool isForwarded)
    {
        List<IMetadataRecord> records = [];
        AlterConfigsResponse response = new();
        Repetitions<ConfigResource> repetitions = new(request.Resources.Select(each => ResourceOf(each.ResourceType, each.ResourceName)));
        foreach (AlterConfigsRequest.AlterConfigsResource asked in request.Resources)
        {
            ConfigResource resource = ResourceOf(asked.ResourceType, asked.ResourceName);
            Values after = MetadataImage.NoConfigs;
            ControlError? rejection =
                JudgeRepetition(repetitions, resource)
                ?? JudgeResource(image, resource)
                ?? TryReplace(asked.Configs, ref after)
                ?? (isForwarded ? null : JudgeCordoning(resource, image.ConfigOf(resource), after))
                ?? JudgeValues(image, resource, after, [.. after.Keys]);
            if (rejection is null && !request.ValidateOnly)
            {
                AddDifferences(records, resource, image.ConfigOf(resource), after);
            }

            response.Responses.Add(
                new()
                {
                    ErrorCode = rejection?.Error ?? ErrorCode.None,
                    ErrorMessage = rejection?.Message,
                    ResourceType = asked.ResourceType,
                    ResourceName = asked.ResourceName,
                }
            );
        }

        return new(records, response);
    }

    private static ConfigResource ResourceOf(sbyte type, string name) => new((ConfigResourceType)type, name);

    private static ControlError? JudgeRepetition(Repetitions<ConfigResource> repetitions, ConfigResource resource) =>
        repetitions.Contain(resource) ? new ControlError(ErrorCode.InvalidRequest, $"{resource} is named more than once.") : null;

    private static ControlError? JudgeResource(MetadataImage image, ConfigResource resource)
    {
        switch (resource.Type)
        {
            case ConfigResourceType.Topic when resource.Name.Length == 0:
                return new ControlError(ErrorCode.InvalidRequest, "There is no configuration of all topics; name one.");
            case ConfigResourceType.Topic:
                return TopicNames.Rejection(resource.Name) is { } rejection ? new ControlError(ErrorCode.InvalidTopicException, rejection)
                    : image.Topics.IdsByName.ContainsKey(resource.Name) ? null
                    : new ControlError(ErrorCode.UnknownTopicOrPartition, $"There is no topic '{resource.Name}'.");
            case ConfigResourceType.Broker:
                return resource.Name.Length == 0 ? null : JudgeBroker(image, resource.Name);
            case ConfigResourceType.ClientMetrics:
            case ConfigResourceType.Group:
                return resource.Name.Length > 0
                    ? null
                    : new ControlError(ErrorCode.InvalidRequest, $"{resource.Type} configuration needs a name.");
            default:
                return new ControlError(
                    ErrorCode.InvalidRequest,
                    $"Resources of type {resource.Type} have no configuration in the cluster."
                );
        }
    }

    private static ControlError? JudgeBroker(MetadataImage image, string name)
    {
        if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
        {
            return new ControlError(ErrorCode.InvalidRequest, $"'{name}' is no broker id.");
        }

        // A controller has a configuration of its own too.
        NodeId node = new(id);
        return image.Brokers.ContainsKey(node) || image.Controllers.ContainsKey(node)
            ? null
            : new ControlError(ErrorCode.BrokerIdNotRegistered, $"No broker and no controller {id} is registered.");
    }

    /// <summary>
    /// A client of the controller may only take directories off the list, as one must for a broker that does not start: which ones a
    /// broker has only that broker knows (KIP-1066).
    /// </summary>
    private static ControlError? JudgeCordoning(ConfigResource resource, Values before, Values after) =>
        resource.Type == ConfigResourceType.Broker && Directories(after).Except(Directories(before)).Any()
            ? new ControlError(
                ErrorCode.InvalidConfig,
                $"When updating {CordonedDirectories} via controllers,  the new value must be a subset of the current configuration value."
            )
            : null;

    private static IEnumerable<string> Directories(Values values) =>
        values
            .GetValueOrDefault(CordonedDirectories, "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private ControlError? JudgeValues(MetadataImage image, ConfigResource resource, Values values, IReadOnlyList<string> changed) =>
        resource.Type == ConfigResourceType.Broker && changed.Contains(CordonedDirectories) && !image.Version.TracksCordonedDirectories
            ? new ControlError(
                ErrorCode.InvalidConfig,
                $"{CordonedDirectories} cannot be set before metadata.version 4.3-IV0 (level 30); raise it with the features tool."
            )
        : configs.Rejection(image, resource, values, changed) is { } rejection
            ? new ControlError(resource.Type == ConfigResourceType.Broker ? ErrorCode.InvalidRequest : ErrorCode.InvalidConfig, rejection)
        : null;

    private ControlError? TryAlter(ConfigResource resource, List<IncrementalAlterConfigsRequest.AlterableConfig> changes, ref Values values)
    {
        SortedSet<string> seen = new(StringComparer.Ordinal);
        foreach (IncrementalAlterConfigsRequest.AlterableConfig change in changes)
        {
            Operation operation = (Operation)change.ConfigOperation;
            if (!seen.Add(change.Name))
            {
                return new ControlError(ErrorCode.InvalidRequest, $"The configuration '{change.Name}' is named twice.");
            }

            if (change.Value is null && operation != Operation.Delete)
            {
                return new ControlError(ErrorCode.InvalidRequest, $"The configuration '{change.Name}' has no value.");
            }

            switch (operation)
            {
                case Operation.Set:
                    values = values.SetItem(change.Name, change.Value ?? "");
                    break;
                case Operation.Delete:
                    values = values.Remove(change.Name);
                    break;
                case Operation.Append or Operation.Subtract:
                    if (!configs.IsList(resource.Type, change.Name))
                    {
                        return new ControlError(
                            ErrorCode.InvalidConfig,
                            $"The configuration '{change.Name}' is no list: nothing can be appended or subtracted."
                        );
                    }

                    string held = values.GetValueOrDefault(change.Name) ?? configs.DefaultOf(resource.Type, change.Name) ?? "";
                    string combined = Combine(held, change.Value ?? "", operation);
                    if (Encoding.UTF8.GetByteCount(combined) > WireReader.MaxStringLength)
                    {
                        return new ControlError(
                            ErrorCode.InvalidConfig,
                            $"The list '{change.Name}' would become longer than the {WireReader.MaxStringLength} bytes that a record holds."
                        );
                    }

                    values = values.SetItem(change.Name, combined);
                    break;
                default:
                    return new ControlError(ErrorCode.InvalidRequest, $"There is no operation {change.ConfigOperation} on configurations.");
            }
        }

        return null;
    }

    private static string Combine(string held, string elements, Operation operation)
    {
        List<string> list = Elements(held);
        SeededBugReplacesList(list, operation);
        foreach (string element in Elements(elements))
        {
            if (operation == Operation.Subtract)
            {
                list.Remove(element);
            }
            else if (!list.Contains(element))
            {
                list.Add(element);
            }
        }

        return string.Join(",", list);
    }

    static partial void SeededBugReplacesList(List<string> list, Operation operation);

    /// <summary>The elements as they were written, blanks included: Kafka tells elements apart by them, although it shows none.</summary>
    private static List<string> Elements(string list) => [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries)];

    private static ControlError? TryReplace(List<AlterConfigsRequest.AlterableConfig> wanted, ref Values values)
    {
        foreach (AlterConfigsRequest.AlterableConfig each in wanted)
        {
            if (each.Value is null)
            {
                return new ControlError(ErrorCode.InvalidRequest, $"The configuration '{each.Name}' has no value.");
            }

            if (values.ContainsKey(each.Name))
            {
                return new ControlError(ErrorCode.InvalidRequest, $"The configuration '{each.Name}' is named twice.");
            }

            values = values.Add(each.Name, each.Value);
        }

        return null;
    }

    private static void AddDifferences(List<IMetadataRecord> records, ConfigResource resource, Values before, Values after)
    {
        foreach (string key in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
        {
            string? value = after.GetValueOrDefault(key);
            if (value != before.GetValueOrDefault(key))
            {
                records.Add(
                    new ConfigRecord
                    {
                        ResourceType = (sbyte)resource.Type,
                        ResourceName = resource.Name,
                        Name = key,
                        Value = value,
                    }
                );
            }
        }
    }
}
