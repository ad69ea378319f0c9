using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using Xunit.Sdk;

namespace RaftLog.Differential.Tests.Peers;

/// <summary>
/// One node of Apache Kafka and one of RaftLog, with the same configuration, started once for all tests. <c>RAFTLOG_SUBJECT=kafka</c> puts
/// a second Kafka in RaftLog's place: then every test must pass with an empty table of differences, or it does not compare what it should.
/// </summary>
public sealed class BothNodes : IAsyncLifetime
{
    private const int MostTries = 3;

    private readonly string _directory = Directory.CreateTempSubdirectory("raftlog-differential-").FullName;
    private readonly List<Func<Task>> _stops = [];
    private NodeProcess? _raftLog;

    /// <summary>True while Kafka is compared with itself.</summary>
    public static bool IsSelfComparison { get; } = Environment.GetEnvironmentVariable("RAFTLOG_SUBJECT") == "kafka";

    internal Peer Kafka => _kafka ?? throw new XunitException("Kafka was not started");

    internal Peer Subject => _subject ?? throw new XunitException("the subject was not started");

    private Peer? _kafka;
    private Peer? _subject;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (KafkaFactAttribute.Missing is { } missing)
        {
            // Every test is skipped, except in continuous integration, where this is the failure.
            if (Repository.IsContinuousIntegration)
            {
                throw new XunitException(missing);
            }

            return;
        }

        try
        {
            Task<Peer> kafka = StartKafkaAsync("kafka");
            Task<Peer> subject = IsSelfComparison ? StartKafkaAsync("subject") : StartRaftLogAsync();
            (_kafka, _subject) = (await kafka, await subject);
            await Task.WhenAll(UntilReadyAsync(_kafka), UntilReadyAsync(_subject));
            await _kafka.LimitToAsync(_subject);
            await _kafka.Controller.LimitToAsync(_subject.Controller);
        }
        catch (Exception)
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        _kafka?.Dispose();
        _subject?.Dispose();
        foreach (Func<Task> stop in _stops)
        {
            await stop();
        }

        _stops.Clear();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>True when both nodes speak the version.</summary>
    internal bool Speak(ApiKey api, short version) => Kafka.Speaks(api, version);

    /// <summary>What RaftLog's node said last, for failures.</summary>
    internal string Log() => _raftLog?.Log() ?? "";

    private static Task UntilReadyAsync(Peer peer) =>
        Poll.UntilAsync(
            $"{peer.Name} lists itself",
            async () =>
            {
                MetadataResponse metadata = await peer.AskAsync(new MetadataRequest { Topics = [] });
                return metadata.Brokers.Count == 1 && metadata.ControllerId != NodeId.None;
            }
        );

    private async Task<Peer> StartKafkaAsync(string name)
    {
        string directory = Path.Combine(_directory, name);
        int port = FreePorts.TakePair();
        _stops.Add(() => KafkaNodes.KillAsync(directory, 1));
        string[] up = ["-c", "exec \"$0\" up \"$1\" --nodes 1 --port \"$2\" >\"$1.out\" 2>&1", KafkaNodes.Launcher, directory, $"{port}"];
        for (int tries = 1; (await Command.RunAsync("/bin/sh", up)).ExitCode != 0; tries++)
        {
            // On a busy machine a Java runtime may need longer than one call waits; the next call finds it running.
            if (tries == MostTries)
            {
                throw new XunitException($"Kafka does not start:\n{await File.ReadAllTextAsync($"{directory}.out")}");
            }
        }

        return new Peer(name, port, new Peer($"{name}, as a controller", port + 1));
    }

    private async Task<Peer> StartRaftLogAsync()
    {
        int port = FreePorts.TakePair();
        string file = Path.Combine(_directory, "server.properties");
        string data = Path.Combine(_directory, "raftlog");
        await SharedNodeFile.WriteAsync(
            file,
            1,
            [port],
            data,
            "default.replication.factor=1",
            "min.insync.replicas=1",
            "offsets.topic.replication.factor=1",
            "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1",
            "share.coordinator.state.topic.replication.factor=1",
            "share.coordinator.state.topic.min.isr=1"
        );
        await SharedNodeFile.FormatAsync(file, byKafka: false);
        NodeProcess node = new(1, port, data, ["start", "--config", file]);
        _raftLog = node;
        _stops.Add(() =>
        {
            node.Dispose();
            return Task.CompletedTask;
        });
        await node.RestartAsync();
        return new Peer("raftlog", port, new Peer("raftlog, as a controller", port + 1));
    }
}
