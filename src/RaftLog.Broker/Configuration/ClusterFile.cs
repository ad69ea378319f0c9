using RaftLog.Protocol;

namespace RaftLog.Broker.Configuration;

/// <summary>
/// A whole cluster in one file, <c>cluster.json</c>: <c>defaults</c> for all nodes and <c>nodes</c> whose entries override them, with
/// Kafka's key names. Every node is checked, so a mistake shows before the first node starts, not on the machine where it bites.
/// </summary>
/// <param name="FileName">The file's name, for messages.</param>
/// <param name="ClusterId"><c>cluster.id</c>, or null where the file has none.</param>
/// <param name="Nodes">The nodes, in the order of the file.</param>
public sealed record ClusterFile(string FileName, string? ClusterId, IReadOnlyList<NodeConfiguration> Nodes)
{
    /// <summary>Reads a file.</summary>
    /// <param name="fileName">Its name, for messages.</param>
    /// <param name="utf8">Its content. Comments and trailing commas are allowed.</param>
    /// <exception cref="ConfigurationException">Something is wrong; all of it is in the message.</exception>
    public static ClusterFile Read(string fileName, ReadOnlySpan<byte> utf8)
    {
        List<ConfigProblem> problems = [];
        ClusterFileContent content = ClusterFileParser.Parse(fileName, utf8, problems);
        ConfigurationException.ThrowIfAny(problems);
        ClusterFileRules.Complete(content);
        ClusterFileRules.CheckKeys(content, problems);
        List<NodeConfiguration> nodes = [];
        foreach (ConfigSettings settings in content.Nodes)
        {
            nodes.Add(NodeConfigurationReader.Read(settings, hostName: null, [], problems));
        }

        ClusterFileRules.CheckTogether(content, nodes, problems);
        ConfigurationException.ThrowIfAny(problems.Distinct().ToList());
        return new(fileName, content.ClusterId, nodes);
    }

    /// <summary>The configuration of one node.</summary>
    /// <exception cref="ConfigurationException">The file has no such node.</exception>
    public NodeConfiguration Node(NodeId id) =>
        Nodes.FirstOrDefault(node => node.NodeId == id)
        ?? throw new ConfigurationException([
            new(
                FileName,
                "node.id",
                $"{id}",
                "the file has no such node",
                $"start one of {string.Join(", ", Nodes.Select(node => node.NodeId))}, or add the node"
            ),
        ]);
}
