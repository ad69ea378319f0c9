namespace RaftLog.Broker.Configuration;

/// <summary>What stands in a cluster file, before anything is checked.</summary>
/// <param name="FileName">The file's name.</param>
/// <param name="ClusterId">The cluster's id, or null.</param>
/// <param name="Defaults">The settings of all nodes.</param>
/// <param name="Nodes">Each node's settings, the defaults included.</param>
internal sealed record ClusterFileContent(string FileName, string? ClusterId, ConfigSettings Defaults, IReadOnlyList<ConfigSettings> Nodes);
