using System.Net.Http.Json;
using System.Text.Json;
using RaftLog.Interop.Tests.Clusters;

namespace RaftLog.Interop.Tests.Tools;

/// <summary>One worker of a distributed Kafka Connect, which writes what its sources read exactly once (KIP-618).</summary>
internal sealed class ConnectWorker : IDisposable
{
    /// <summary>After this time without a sign of life the others take a worker's tasks over.</summary>
    private const int SessionTimeoutMs = 6_000;

    private readonly HttpClient _http;
    private readonly Command _process;

    private ConnectWorker(Command process, int port)
    {
        _process = process;
        Id = $"127.0.0.1:{port}";
        _http = new HttpClient { BaseAddress = new Uri($"http://{Id}/"), Timeout = TimeSpan.FromSeconds(20) };
    }

    /// <summary>The name under which workers show where a task runs.</summary>
    public string Id { get; }

    /// <summary>True once the process has ended.</summary>
    public bool HasEnded => _process.HasEnded;

    /// <summary>Starts a worker and waits until it is in its group.</summary>
    public static async Task<ConnectWorker> StartAsync(Cluster cluster, string group)
    {
        int port = FreePorts.Take();
        string file = Path.Combine(cluster.Scratch, $"{group}-{port}.properties");
        await File.WriteAllLinesAsync(
            file,
            [
                $"bootstrap.servers={cluster.Bootstrap}",
                $"group.id={group}",
                "exactly.once.source.support=enabled",
                "key.converter=org.apache.kafka.connect.storage.StringConverter",
                "value.converter=org.apache.kafka.connect.storage.StringConverter",
                $"config.storage.topic={group}-configs",
                $"offset.storage.topic={group}-offsets",
                $"status.storage.topic={group}-status",
                "config.storage.replication.factor=3",
                "offset.storage.replication.factor=3",
                "status.storage.replication.factor=3",
                "offset.storage.partitions=3",
                "status.storage.partitions=3",
                "consumer.isolation.level=read_committed",
                "offset.flush.interval.ms=500",
                $"session.timeout.ms={SessionTimeoutMs}",
                "heartbeat.interval.ms=1000",
                "scheduled.rebalance.max.delay.ms=0",
                $"listeners=http://127.0.0.1:{port}",
                "rest.advertised.host.name=127.0.0.1",
            ]
        );
        ConnectWorker worker = new(KafkaTools.Start("connect-distributed", [file]), port);
        await Poll.UntilAsync(
            $"the worker {worker.Id} of {group}",
            async () => worker.HasEnded || (await worker._http.GetAsync("connectors")).IsSuccessStatusCode
        );
        Assert.False(worker.HasEnded, worker._process.Said);
        return worker;
    }

    /// <summary>Makes a connector, or changes it. While the workers share out tasks they reject changes.</summary>
    public Task ConfigureAsync(string connector, IReadOnlyDictionary<string, string> config)
    {
        string last = "";
        return Poll.UntilAsync(
            $"the connector {connector}",
            async () =>
            {
                using HttpResponseMessage response = await _http.PutAsJsonAsync($"connectors/{connector}/config", config);
                last = await response.Content.ReadAsStringAsync();
                Assert.True((int)response.StatusCode != 400, last);
                return response.IsSuccessStatusCode;
            }
        );
    }

    /// <summary>Where each task of a connector runs, as far as this worker knows; empty while one does not run.</summary>
    public async Task<IReadOnlyList<string>> RunningOnAsync(string connector)
    {
        using JsonDocument status = JsonDocument.Parse(await _http.GetStringAsync($"connectors/{connector}/status"));
        List<JsonElement> tasks = [.. status.RootElement.GetProperty("tasks").EnumerateArray()];
        return tasks.TrueForAll(task => task.GetProperty("state").GetString() == "RUNNING")
            ? [.. tasks.Select(task => task.GetProperty("worker_id").GetString()!)]
            : [];
    }

    /// <summary>Sends a signal.</summary>
    public void Send(Signal signal) => _process.Send(signal);

    /// <summary>Asks it to stop, and waits for the end.</summary>
    public async Task StopAsync()
    {
        Send(Signal.Terminate);
        await _process.EndAsync();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Dispose();
        _http.Dispose();
    }
}
