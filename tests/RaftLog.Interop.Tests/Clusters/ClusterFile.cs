using System.Text.Json;

namespace RaftLog.Interop.Tests.Clusters;

/// <summary>Writes a <c>cluster.json</c> of nodes on loopback.</summary>
internal static class ClusterFile
{
    private static readonly JsonSerializerOptions Form = new() { WriteIndented = true };

    /// <summary>Writes the file and makes the processes that it describes, not started yet.</summary>
    /// <param name="file">Where to write it.</param>
    /// <param name="settings">Broker settings of the whole cluster.</param>
    /// <param name="dataDirectories">A data directory for each node; the nodes' ids count from 1.</param>
    public static List<NodeProcess> Write(string file, IReadOnlyDictionary<string, string> settings, IReadOnlyList<string> dataDirectories)
    {
        List<NodeProcess> nodes = [];
        List<object> described = [];
        for (int i = 0; i < dataDirectories.Count; i++)
        {
            int id = i + 1;
            int port = FreePorts.Take();
            nodes.Add(new NodeProcess(id, port, dataDirectories[i], ["start", "--config", file, "--node", $"{id}"]));
            described.Add(
                new Dictionary<string, object>
                {
                    ["node.id"] = id,
                    ["listeners"] = $"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{FreePorts.Take()}",
                    ["log.dirs"] = dataDirectories[i],
                }
            );
        }

        File.WriteAllText(file, JsonSerializer.Serialize(new { defaults = settings, nodes = described }, Form));
        return nodes;
    }
}
