using RaftLog.Client;

namespace RaftLog.Jepsen.Workloads;

/// <summary>Opens clients on the cluster under test.</summary>
internal sealed class Clients(string bootstrap)
{
    public KafkaCluster Open() =>
        new(
            new ClientOptions
            {
                BootstrapServers = ClientOptions.ParseServers(bootstrap),
                ClientId = "jepsen",
                RequestTimeout = TimeSpan.FromSeconds(3),
                CallTimeout = TimeSpan.FromSeconds(6),
                ConnectTimeout = TimeSpan.FromSeconds(2),
            }
        );
}
