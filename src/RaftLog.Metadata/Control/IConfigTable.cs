using System.Collections.Immutable;

namespace RaftLog.Metadata;

/// <summary>What the controller has to know of configuration keys. The definitions lie elsewhere.</summary>
public interface IConfigTable
{
    /// <summary>
    /// Judges the values that a resource would have. Null when they are fine, else what is wrong, for people: key, value, what is allowed.
    /// </summary>
    /// <param name="image">What the cluster believes.</param>
    /// <param name="resource">Whose values.</param>
    /// <param name="values">All values that the resource would have.</param>
    /// <param name="changed">The keys that the request sets; only these may be rejected for being unknown.</param>
    string? Rejection(
        MetadataImage image,
        ConfigResource resource,
        ImmutableSortedDictionary<string, string> values,
        IReadOnlyList<string> changed
    );

    /// <summary>True when a key holds a list, so that elements can be appended and subtracted.</summary>
    bool IsList(ConfigResourceType type, string key);

    /// <summary>
    /// The value of a key where neither the resource nor the default of all brokers sets it: this node's file, then the built-in default.
    /// Null when there is none.
    /// </summary>
    string? DefaultOf(ConfigResourceType type, string key);
}
