using System.Globalization;
using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>How the benchmarks of coordinators reach a cluster.</summary>
internal static class Bootstrap
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>A client that waits long.</summary>
    public static KafkaCluster Client(IRunningCluster cluster) =>
        new(
            new ClientOptions
            {
                BootstrapServers = ClientOptions.ParseServers(cluster.Bootstrap),
                RequestTimeout = Patience,
                CallTimeout = Patience,
            }
        );

    /// <summary>The ports of the nodes, in order.</summary>
    public static IReadOnlyList<int> Ports(IRunningCluster cluster) =>
        [
            .. cluster
                .Bootstrap.Split(',')
                .Select(static address => int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture)),
        ];

    /// <summary>The port of the first node.</summary>
    public static int FirstPort(IRunningCluster cluster) => Ports(cluster)[0];

    /// <summary>Creates a topic.</summary>
    /// <exception cref="InvalidOperationException">The cluster did not.</exception>
    public static async Task CreateAsync(KafkaCluster client, NewTopic topic)
    {
        ItemResult<string> result = (await client.Admin.CreateTopicsAsync([topic]))[0];
        if (result.Error != ErrorCode.None)
        {
            throw new InvalidOperationException($"{topic.Name} cannot be created: {result.Error} {result.Message}");
        }
    }
}
