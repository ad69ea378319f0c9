using System.Globalization;
using System.Text.RegularExpressions;
using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>Kafka's <c>e2e-latency</c>: from the call of a Java producer until a Java consumer has the record.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="peers">The folder that <c>RAFTLOG_PEERS</c> names.</param>
internal sealed partial class EndToEndLatency(IRunningCluster cluster, string peers)
{
    private const string Topic = "end-to-end";
    private const int Records = 5_000;
    private const int RecordBytes = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Runs the tool.</summary>
    public async Task<IReadOnlyList<Figure>> RunAsync()
    {
        using (KafkaCluster client = cluster.NewClient(Patience))
        {
            (await client.Admin.CreateTopicsAsync([new NewTopic(Topic) { Partitions = 1 }]))[0].ThrowIfFailed();
        }

        CommandResult result = await Command.RunAsync(
            Path.Combine(peers, "kafka", "kafka"),
            ["tool", "e2e-latency", cluster.Bootstrap, Topic, $"{Records}", "all", $"{RecordBytes}"],
            patience: Patience
        );
        string all = string.Join('\n', result.Succeeded().Lines);
        Match match = Percentiles().Match(all);
        if (!match.Success)
        {
            throw new InvalidOperationException($"e2e-latency says no figures: {result.Describe()}");
        }

        double Of(string name) => double.Parse(match.Groups[name].Value, CultureInfo.InvariantCulture);
        return [new("end to end, p50, ms", Of("p50")), new("end to end, p99, ms", Of("p99")), new("end to end, p99.9, ms", Of("p999"))];
    }

    [GeneratedRegex(@"50th = (?<p50>[\d.]+), 99th = (?<p99>[\d.]+), 99\.9th = (?<p999>[\d.]+)")]
    private static partial Regex Percentiles();
}
