namespace RaftLog.TestKit;

/// <summary>The configuration of a node, broker and controller, in a file that Kafka and RaftLog both read.</summary>
public static class SharedNodeFile
{
    private const string ClusterId = "4L6g3nShT-eMCtK--X86sw";

    /// <summary>Features that Kafka finalises in a new cluster and RaftLog does not have.</summary>
    private static readonly string[] NotOurs = ["eligible.leader.replicas.version", "share.version", "streams.version"];

    /// <summary>Writes the file of one node of a cluster.</summary>
    /// <param name="file">The file.</param>
    /// <param name="id">The node's id.</param>
    /// <param name="ports">The client ports of all nodes, whose ids count from 1; the port for controllers is the next one.</param>
    /// <param name="data">The node's log directory.</param>
    /// <param name="others">Further lines.</param>
    public static Task WriteAsync(string file, int id, IReadOnlyList<int> ports, string data, params string[] others) =>
        File.WriteAllLinesAsync(
            file,
            [
                "process.roles=broker,controller",
                $"node.id={id}",
                $"controller.quorum.voters={string.Join(',', ports.Select((port, index) => $"{index + 1}@127.0.0.1:{port + 1}"))}",
                $"listeners=PLAINTEXT://127.0.0.1:{ports[id - 1]},CONTROLLER://127.0.0.1:{ports[id - 1] + 1}",
                $"advertised.listeners=PLAINTEXT://127.0.0.1:{ports[id - 1]}",
                "controller.listener.names=CONTROLLER",
                "inter.broker.listener.name=PLAINTEXT",
                $"log.dirs={data}",
                "group.initial.rebalance.delay.ms=0",
                .. others,
            ]
        );

    /// <summary>Formats a node's directories by Kafka's tool, with the features that RaftLog has too, or by RaftLog's.</summary>
    public static async Task FormatAsync(string file, bool byKafka)
    {
        string[] features = [.. NotOurs.SelectMany(feature => (string[])["--feature", $"{feature}=0"])];
        CommandResult formatted = byKafka
            ? await Command.RunAsync(KafkaNodes.Launcher, ["tool", "storage", "format", "-t", ClusterId, "-c", file, .. features])
            : await Command.RunAsync(Repository.RaftLog, ["storage", "format", "--config", file, "--cluster-id", ClusterId]);
        formatted.Succeeded();
    }
}
