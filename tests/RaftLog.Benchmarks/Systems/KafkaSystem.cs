using System.Globalization;
using RaftLog.Interop.Tests.Processes;

namespace RaftLog.Benchmarks.Systems;

/// <summary>Apache Kafka from the folder of peers.</summary>
/// <param name="peers">The folder that <c>RAFTLOG_PEERS</c> names.</param>
internal sealed class KafkaSystem(string peers) : ISystem
{
    private const int PortsPerNode = 10;

    private readonly string _program = Path.Combine(peers, "kafka", "kafka");

    /// <inheritdoc/>
    public string Name => "Kafka";

    /// <inheritdoc/>
    public async Task<IRunningCluster> StartAsync(string directory, ClusterShape shape)
    {
        int port = FreePorts.TakePair();
        IEnumerable<string> sets = shape.Settings.SelectMany(each => new[] { "--set", $"{each.Key}={each.Value}" });

        // Through a shell that writes to a file: the nodes inherit the streams, and a pipe would not end before they do.
        string[] up = ["-c", "out=$1; shift; exec \"$@\" >\"$out\" 2>&1", "sh", $"{directory}.out", _program, "up", directory, "--nodes", $"{shape.Nodes}", "--port", $"{port}", .. sets];
        CommandResult started = await Command.RunAsync("/bin/sh", up);
        if (started.ExitCode != 0)
        {
            throw new InvalidOperationException($"Kafka does not start: {await File.ReadAllTextAsync($"{directory}.out")}");
        }

        CommandResult pids = (await Command.RunAsync(_program, ["pids", directory])).Succeeded();
        return new Running(
            _program,
            directory,
            string.Join(',', Enumerable.Range(0, shape.Nodes).Select(node => $"127.0.0.1:{port + (PortsPerNode * node)}")),
            [.. pids.Lines.Select(line => int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture))]);
    }

    private sealed class Running(string program, string directory, string bootstrap, IReadOnlyList<int> processIds) : IRunningCluster
    {
        public string Bootstrap => bootstrap;

        public IReadOnlyList<int> ProcessIds => processIds;

        public async ValueTask DisposeAsync() => (await Command.RunAsync(program, ["down", directory])).Succeeded();
    }
}
