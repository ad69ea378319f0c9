using System.CommandLine;
using RaftLog.Cli.Output;
using RaftLog.Client.Admin;
using RaftLog.Client.Cluster;

namespace RaftLog.Cli.Clients;

/// <summary><c>raftlog cluster describe</c>: the nodes, and what is not as it should be.</summary>
internal static class ClusterCommand
{
    public static Command Create() =>
        new("cluster", "Look at the cluster.")
        {
            ClientCommand.Add(
                new Command("describe", "Show nodes, controller, under-replicated and offline partitions."),
                async (cluster, _, json, _) =>
                {
                    ClusterDescription description = await cluster.Admin.DescribeClusterAsync();
                    QuorumDescription quorum = await cluster.Admin.DescribeQuorumAsync();
                    IReadOnlyList<TopicDescription> topics = await cluster.Admin.ListTopicsAsync(includeInternal: true);
                    List<string> underReplicated = Find(topics, partition => partition.Isr.Count < partition.Replicas.Count);
                    List<string> offline = Find(topics, partition => !partition.Leader.IsNode);
                    Console.Write(
                        json
                            ? AsJson(description, quorum, underReplicated, offline) + "\n"
                            : AsText(description, quorum, topics, underReplicated, offline)
                    );
                    return ExitCode.Ok;
                }
            ),
        };

    private static List<string> Find(IReadOnlyList<TopicDescription> topics, Func<PartitionDescription, bool> condition) =>
        [.. topics.SelectMany(topic => topic.Partitions.Where(condition).Select(partition => $"{topic.Name}-{partition.Index}"))];

    private static string AsText(
        ClusterDescription cluster,
        QuorumDescription quorum,
        IReadOnlyList<TopicDescription> topics,
        List<string> underReplicated,
        List<string> offline
    )
    {
        Table nodes = new("NODE", "ADDRESS", "RACK", "CONTROLLER", "LEADS");
        foreach (BrokerView broker in cluster.Brokers)
        {
            int leads = topics.Sum(topic => topic.Partitions.Count(partition => partition.Leader == broker.Id));
            nodes.Add(
                $"{broker.Id}",
                $"{broker.Address}",
                broker.Rack ?? "-",
                broker.Id == quorum.Leader ? "active" : "-",
                $"{leads} partitions"
            );
        }

        return $"cluster {cluster.ClusterId}\n{nodes}"
            + $"topics: {topics.Count}, partitions: {topics.Sum(topic => topic.Partitions.Count)}\n"
            + $"under-replicated partitions: {Listed(underReplicated)}\n"
            + $"offline partitions: {Listed(offline)}\n";
    }

    private static string Listed(List<string> partitions) =>
        partitions.Count == 0 ? "none" : $"{partitions.Count} ({string.Join(", ", partitions)})";

    private static string AsJson(
        ClusterDescription cluster,
        QuorumDescription quorum,
        List<string> underReplicated,
        List<string> offline
    ) =>
        Json.Line(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("clusterId", cluster.ClusterId);
            writer.WriteNumber("controller", quorum.Leader.Value);
            writer.WriteStartArray("nodes");
            foreach (BrokerView broker in cluster.Brokers)
            {
                writer.WriteStartObject();
                writer.WriteNumber("node", broker.Id.Value);
                writer.WriteString("address", broker.Address.ToString());
                writer.WriteString("rack", broker.Rack);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            WriteList("underReplicated", underReplicated);
            WriteList("offline", offline);
            writer.WriteEndObject();

            void WriteList(string name, List<string> values)
            {
                writer.WriteStartArray(name);
                values.ForEach(writer.WriteStringValue);
                writer.WriteEndArray();
            }
        });
}
