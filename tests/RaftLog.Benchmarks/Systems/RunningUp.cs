using System.Diagnostics;
using System.Text.Json;

namespace RaftLog.Benchmarks.Systems;

/// <summary><c>raftlog up</c>: several nodes in one process, and how long they took to be ready.</summary>
internal sealed class RunningUp : IAsyncDisposable
{
    private readonly Process _process;

    private RunningUp(Process process, string bootstrap, TimeSpan untilReady)
    {
        _process = process;
        Bootstrap = bootstrap;
        UntilReady = untilReady;
    }

    /// <summary>Where clients connect.</summary>
    public string Bootstrap { get; }

    /// <summary>The process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>From just before the process was started to its word that all nodes are ready.</summary>
    public TimeSpan UntilReady { get; }

    /// <summary>Writes a cluster file into a directory and starts it, with the data that lie there or with new ones.</summary>
    public static async Task<RunningUp> StartAsync(string directory, int nodes)
    {
        int[] ports = [.. Enumerable.Range(0, nodes).Select(_ => FreePorts.Take())];
        string file = Path.Combine(directory, "cluster.json");
        await File.WriteAllTextAsync(
            file,
            JsonSerializer.Serialize(
                new
                {
                    nodes = ports.Select(
                        (port, index) =>
                            new Dictionary<string, object>
                            {
                                ["node.id"] = index + 1,
                                ["listeners"] = $"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{FreePorts.Take()}",
                            }
                    ),
                }
            )
        );
        ProcessStartInfo info = new(Repository.RaftLog, ["up", "--config", file, "--data", Path.Combine(directory, "data")])
        {
            RedirectStandardOutput = true,
        };
        long start = TimeProvider.System.GetTimestamp();
        Process process = Process.Start(info) ?? throw new InvalidOperationException($"cannot start {info.FileName}");
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("ready: ", StringComparison.Ordinal))
            {
                TimeSpan untilReady = TimeProvider.System.GetElapsedTime(start);
                process.OutputDataReceived += (_, _) => { };
                process.BeginOutputReadLine();
                return new RunningUp(process, $"127.0.0.1:{ports[0]}", untilReady);
            }
        }

        throw new InvalidOperationException($"'raftlog up' ended with {process.ExitCode} before it was ready");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Signals.Send(_process.Id, Signal.Terminate);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
