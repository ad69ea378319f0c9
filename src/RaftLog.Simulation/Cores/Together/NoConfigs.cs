using System.Collections.Immutable;
using RaftLog.Metadata;

namespace RaftLog.Simulation.Cores;

/// <summary>No configuration but the defaults.</summary>
internal sealed class NoConfigs : IConfigTable
{
    public static readonly NoConfigs Instance = new();

    public string? Rejection(
        MetadataImage image,
        ConfigResource resource,
        ImmutableSortedDictionary<string, string> values,
        IReadOnlyList<string> changed
    ) => null;

    public bool IsList(ConfigResourceType type, string key) => false;

    public string? DefaultOf(ConfigResourceType type, string key) => null;
}
