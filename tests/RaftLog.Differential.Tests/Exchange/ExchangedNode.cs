using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using Xunit.Sdk;

namespace RaftLog.Differential.Tests.Exchange;

/// <summary>
/// One node of a cluster of one, whose directory is opened by Kafka and by RaftLog in turns. Each works on the files that the other has
/// left.
/// </summary>
internal sealed class ExchangedNode : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("raftlog-exchange-").FullName;
    private readonly int _port = FreePorts.TakePair();
    private NodeProcess? _raftLog;
    private Peer? _peer;
    private Software? _running;

    /// <summary>The node, while it runs.</summary>
    public Peer Peer => _peer ?? throw new XunitException("no node runs");

    /// <summary>The log directory.</summary>
    public string Data => Path.Combine(_directory, "data");

    private string KafkaFolder => Path.Combine(_directory, "kafka");

    private string Properties => Path.Combine(_directory, "node-1.properties");

    /// <summary>Formats the directory by the tool of one of the two.</summary>
    public static async Task<ExchangedNode> FormatAsync(Software software)
    {
        ExchangedNode node = new();
        await SharedNodeFile.WriteAsync(
            node.Properties,
            1,
            [node._port],
            node.Data,
            "default.replication.factor=1",
            "offsets.topic.replication.factor=1",
            "offsets.topic.num.partitions=3",
            "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1",
            "transaction.state.log.num.partitions=3",
            "log.retention.check.interval.ms=500",
            "log.cleaner.backoff.ms=200",
            "log.flush.start.offset.checkpoint.interval.ms=500",
            "log.flush.offset.checkpoint.interval.ms=1000"
        );
        await SharedNodeFile.FormatAsync(node.Properties, software == Software.Kafka);
        return node;
    }

    /// <summary>Opens the directory.</summary>
    public async Task StartAsync(Software software)
    {
        if (software == Software.Kafka)
        {
            // Kafka looks for what retention may delete half a minute after its start, unless it is told otherwise by a key of its own.
            string properties = await File.ReadAllTextAsync(Properties);
            Directory.CreateDirectory(KafkaFolder);
            await File.WriteAllTextAsync(Path.Combine(KafkaFolder, "node-1.properties"), $"{properties}log.initial.task.delay.ms=500\n");
            await KafkaNodes.StartAsync(KafkaFolder, 1);
        }
        else
        {
            _raftLog = new NodeProcess(1, _port, Data, ["start", "--config", Properties]);
            await _raftLog.RestartAsync();
        }

        _running = software;
        _peer = new Peer($"{software}", _port);
        await Poll.UntilAsync(
            $"{software} lists itself",
            async () =>
            {
                MetadataResponse metadata = await _peer.AskAsync(new MetadataRequest());
                return metadata.Brokers.Count == 1
                    && metadata.Topics.TrueForAll(topic => topic.Partitions.TrueForAll(each => each.LeaderId == Peer.NodeId));
            }
        );

        // Metadata tells of a leader before it leads.
        foreach (string topic in LifeTopics.All)
        {
            await Poll.UntilAsync(
                $"{software} leads {topic}",
                async () =>
                    (await Observation.AskOffsetsAsync(_peer, topic, -1, isolation: 0)).ErrorCode
                        is ErrorCode.None
                            or ErrorCode.UnknownTopicOrPartition
            );
        }
    }

    /// <summary>Kills the process.</summary>
    public Task KillAsync() => EndAsync(KafkaNodes.KillAsync, node => node.KillAsync());

    /// <summary>Stops the node in order.</summary>
    public Task StopAsync() => EndAsync(KafkaNodes.StopAsync, node => node.StopAsync());

    /// <summary>What RaftLog's node said last, for failures.</summary>
    public string Log() => _raftLog?.Log() ?? "";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_running is not null)
        {
            await KillAsync();
        }

        if (Environment.GetEnvironmentVariable("RAFTLOG_KEEP") is null)
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    private async Task EndAsync(Func<string, int, Task> endKafka, Func<NodeProcess, Task> end)
    {
        _peer?.Dispose();
        _peer = null;
        if (_running == Software.Kafka)
        {
            await endKafka(KafkaFolder, 1);
        }
        else if (_raftLog is { } node)
        {
            await end(node);
            node.Dispose();
        }

        _running = null;
    }
}
