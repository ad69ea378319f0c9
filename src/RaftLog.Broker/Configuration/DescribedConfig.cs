namespace RaftLog.Broker.Configuration;

/// <summary>One line of a response to DescribeConfigs.</summary>
/// <param name="Definition">The key: its type, whether it is read-only, and what it does.</param>
/// <param name="Value">The value in force; null for unset and for secrets.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="Synonyms">Every value that was in the running, the winner first.</param>
public sealed record DescribedConfig(ConfigDefinition Definition, string? Value, ConfigSource Source, IReadOnlyList<ConfigSynonym> Synonyms)
{
    /// <summary>The key.</summary>
    public string Name => Definition.Name;

    /// <summary>The value cannot be changed on a running node.</summary>
    public bool IsReadOnly => Definition.Scope == ConfigScope.None;
}
