namespace RaftLog.Jepsen.Processes;

/// <summary>Writes the <c>.properties</c> file of a node: it listens on its own ports, and everybody is told of the harness's.</summary>
internal static class NodeFile
{
    public static void Write(
        string file,
        int id,
        IReadOnlyList<NodePorts> ports,
        string dataDirectory,
        IEnumerable<KeyValuePair<string, string>> settings
    )
    {
        NodePorts own = ports[id - 1];
        List<string> lines =
        [
            "process.roles=broker,controller",
            $"node.id={id}",
            $"controller.quorum.voters={string.Join(',', ports.Select((each, i) => $"{i + 1}@127.0.0.1:{each.QuorumProxy}"))}",
            $"listeners=PLAINTEXT://127.0.0.1:{own.Clients},CONTROLLER://127.0.0.1:{own.Quorum}",
            $"advertised.listeners=PLAINTEXT://127.0.0.1:{own.ClientsProxy},CONTROLLER://127.0.0.1:{own.QuorumProxy}",
            "controller.listener.names=CONTROLLER",
            "inter.broker.listener.name=PLAINTEXT",
            $"log.dirs={dataDirectory}",
            "default.replication.factor=3",
            "min.insync.replicas=2",
            "auto.create.topics.enable=false",
        ];

        // The usual timeouts, halved or so: more happens in a minute.
        SortedDictionary<string, string> tuned = new(StringComparer.Ordinal)
        {
            ["broker.session.timeout.ms"] = "5000",
            ["broker.heartbeat.interval.ms"] = "1000",
            ["replica.lag.time.max.ms"] = "5000",
            ["replica.socket.timeout.ms"] = "5000",
            ["log.segment.bytes"] = "1048576",
            ["offsets.topic.num.partitions"] = "4",
            ["transaction.state.log.num.partitions"] = "4",
            ["transaction.abort.timed.out.transaction.cleanup.interval.ms"] = "1000",
            ["group.min.session.timeout.ms"] = "1000",
            ["group.initial.rebalance.delay.ms"] = "500",
            ["group.consumer.min.session.timeout.ms"] = "1000",
            ["group.consumer.session.timeout.ms"] = "4000",
            ["group.consumer.min.heartbeat.interval.ms"] = "100",
            ["group.consumer.heartbeat.interval.ms"] = "700",
        };
        foreach ((string key, string value) in settings)
        {
            tuned[key] = value;
        }

        lines.AddRange(tuned.Select(each => $"{each.Key}={each.Value}"));
        File.WriteAllLines(file, lines);
    }
}
