using System.Text.Json;
using RaftLog.Benchmarks.Measuring;

namespace RaftLog.Benchmarks.Systems;

/// <summary>RaftLog as this repository has built it, or as <c>RAFTLOG_EXE</c> names it.</summary>
internal sealed class RaftLogSystem : ISystem
{
    /// <inheritdoc/>
    public string Name => "RaftLog";

    /// <inheritdoc/>
    public long OwnFlushInterval => 1;

    /// <inheritdoc/>
    public async Task<IRunningCluster> StartAsync(string directory, ClusterShape shape)
    {
        Directory.CreateDirectory(directory);
        string file = Path.Combine(directory, "cluster.json");
        List<NodeProcess> nodes = [];
        List<object> described = [];
        for (int id = 1; id <= shape.Nodes; id++)
        {
            int port = FreePorts.Take();
            string data = Path.Combine(directory, $"node-{id}");
            nodes.Add(new NodeProcess(id, port, data, ["start", "--config", file, "--node", $"{id}"]));
            described.Add(
                new Dictionary<string, object>
                {
                    ["node.id"] = id,
                    ["listeners"] = $"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{FreePorts.Take()}",
                    ["log.dirs"] = data,
                }
            );
        }

        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { defaults = shape.Settings.ToDictionary(), nodes = described }));
        (await Command.RunAsync(Repository.RaftLog, ["storage", "format", "--config", file])).Succeeded();
        Running running = new(nodes);
        try
        {
            await running.StartAgainAsync();
            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    private sealed class Running(IReadOnlyList<NodeProcess> nodes) : IRunningCluster
    {
        /// <summary>
        /// As they were started: a process that has ended is known to the system before it is to <see cref="NodeProcess"/>.
        /// </summary>
        private readonly Dictionary<NodeProcess, int> _processIds = [];

        public string Bootstrap => string.Join(',', nodes.Select(node => node.Address));

        public IReadOnlyList<int> ProcessIds => [.. nodes.Select(node => node.ProcessId)];

        public Task StartAgainAsync()
        {
            List<NodeProcess> ended = [.. nodes.Where(node => !_processIds.TryGetValue(node, out int id) || !ProcessUse.IsRunning(id))];
            foreach (NodeProcess node in ended)
            {
                node.Start();
                _processIds[node] = node.ProcessId;
            }

            return Task.WhenAll(ended.Select(node => node.WaitUntilReadyAsync()));
        }

        public async ValueTask DisposeAsync()
        {
            await Task.WhenAll(nodes.Where(node => node.IsRunning).Select(node => node.StopAsync()));
            foreach (NodeProcess node in nodes)
            {
                node.Dispose();
            }
        }
    }
}
