using System.Globalization;

namespace RaftLog.Benchmarks.Systems;

/// <summary>Apache Kafka from the folder of peers.</summary>
/// <param name="peers">The folder that <c>RAFTLOG_PEERS</c> names.</param>
/// <param name="heap">The heap of each node, as the virtual machine takes it; what the folder's script gives where null.</param>
internal sealed class KafkaSystem(string peers, string? heap = null) : ISystem
{
    private const int PortsPerNode = 10;

    private readonly string _program = Path.Combine(peers, "kafka", "kafka");

    /// <inheritdoc/>
    public string Name => heap is null ? "Kafka" : $"Kafka {heap}";

    /// <inheritdoc/>
    public long OwnFlushInterval => ClusterShape.NeverFlush;

    /// <inheritdoc/>
    public async Task<IRunningCluster> StartAsync(string directory, ClusterShape shape)
    {
        int port = FreePorts.TakePair();
        IEnumerable<string> sets = shape.Settings.SelectMany(each => new[] { "--set", $"{each.Key}={each.Value}" });

        Running running = new(
            _program,
            directory,
            heap ?? "",
            shape.Nodes,
            string.Join(',', Enumerable.Range(0, shape.Nodes).Select(node => $"127.0.0.1:{port + (PortsPerNode * node)}"))
        );
        Directory.CreateDirectory(Path.GetDirectoryName(directory)!);
        await running.CallAsync(["up", directory, "--nodes", $"{shape.Nodes}", "--port", $"{port}", .. sets]);
        return running;
    }

    private sealed class Running(string program, string directory, string heap, int nodes, string bootstrap) : IRunningCluster
    {
        // Writes to a file: the nodes inherit the streams, and a pipe would not end before they do.
        private const string Script =
            "out=$1; shift; if [ -n \"$1\" ]; then export KAFKA_HEAP_OPTS=\"-Xmx$1 -Xms$1\"; fi; shift; exec \"$@\" >\"$out\" 2>&1";

        public string Bootstrap => bootstrap;

        public IReadOnlyList<int> ProcessIds { get; private set; } = [];

        // Not "up": to it a node that ended and that nobody waits for is still alive.
        public async Task StartAgainAsync()
        {
            for (int node = 1; node <= nodes; node++)
            {
                await CallAsync(["start", directory, $"{node}"]);
            }
        }

        public async Task CallAsync(string[] arguments)
        {
            CommandResult started = await Command.RunAsync(
                "/bin/sh",
                ["-c", Script, "sh", $"{directory}.out", heap, program, .. arguments]
            );
            if (started.ExitCode != 0)
            {
                throw new InvalidOperationException($"Kafka does not start: {await File.ReadAllTextAsync($"{directory}.out")}");
            }

            CommandResult pids = (await Command.RunAsync(program, ["pids", directory])).Succeeded();
            ProcessIds = [.. pids.Lines.Select(line => int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture))];
        }

        public async ValueTask DisposeAsync() => (await Command.RunAsync(program, ["down", directory])).Succeeded();
    }
}
