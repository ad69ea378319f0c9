namespace RaftLog.Metadata;

/// <summary>Which value of a key holds, by precedence: the resource's own, that of all brokers, the node's file, the default.</summary>
internal static class ConfigValues
{
    public static string? Effective(MetadataImage image, IConfigTable configs, ConfigResource resource, string key) =>
        image.ConfigOf(resource).TryGetValue(key, out string? own) ? own
        : image.ConfigOf(ConfigResource.AllBrokers).TryGetValue(key, out string? all) ? all
        : configs.DefaultOf(resource.Type, key);
}
