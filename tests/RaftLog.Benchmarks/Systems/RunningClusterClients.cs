using System.Globalization;
using RaftLog.Client;

namespace RaftLog.Benchmarks.Systems;

/// <summary>How benchmarks reach a cluster.</summary>
internal static class RunningClusterClients
{
    /// <summary>A client that waits long.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="patience">How long.</param>
    public static KafkaCluster NewClient(this IRunningCluster cluster, TimeSpan patience) =>
        new(
            new ClientOptions
            {
                BootstrapServers = ClientOptions.ParseServers(cluster.Bootstrap),
                RequestTimeout = patience,
                CallTimeout = patience,
            }
        );

    /// <summary>The ports of the nodes, in order.</summary>
    public static IReadOnlyList<int> Ports(this IRunningCluster cluster) =>
        [
            .. cluster
                .Bootstrap.Split(',')
                .Select(static address => int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture)),
        ];
}
