using System.Globalization;
using System.Text.RegularExpressions;

namespace RaftLog.Benchmarks.Load;

/// <summary>Kafka's <c>producer-perf</c>: the same Java producer for both systems.</summary>
/// <param name="peers">The folder that <c>RAFTLOG_PEERS</c> names.</param>
internal sealed partial class ProducerPerf(string peers)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly string _program = Path.Combine(peers, "kafka", "kafka");

    /// <summary>Sends records and returns what the tool measured.</summary>
    /// <param name="bootstrap">Where the cluster is.</param>
    /// <param name="topic">Where the records go.</param>
    /// <param name="records">How many.</param>
    /// <param name="recordBytes">The bytes of each value.</param>
    /// <param name="acks">The producer's <c>acks</c>.</param>
    /// <param name="rate">Records a second; null for as fast as it goes.</param>
    public async Task<ProduceFigures> RunAsync(
        string bootstrap,
        string topic,
        long records,
        int recordBytes,
        string acks,
        long? rate = null
    )
    {
        CommandResult result = await Command.RunAsync(
            _program,
            [
                "tool",
                "producer-perf",
                "--topic",
                topic,
                "--num-records",
                $"{records}",
                "--record-size",
                $"{recordBytes}",
                "--throughput",
                $"{rate ?? -1}",
                "--bootstrap-server",
                bootstrap,
                "--command-property",
                $"acks={acks}",
            ],
            patience: Patience
        );
        string last =
            result.Succeeded().Lines.LastOrDefault(line => line.Contains("99.9th", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"producer-perf says no figures: {result.Describe()}");
        Match match = Summary().Match(last);
        if (!match.Success || long.Parse(match.Groups["sent"].Value, CultureInfo.InvariantCulture) != records)
        {
            throw new InvalidOperationException($"not every record was sent: {last}");
        }

        double Figure(string name) => double.Parse(match.Groups[name].Value, CultureInfo.InvariantCulture);
        return new ProduceFigures(Figure("mb"), Figure("p50"), Figure("p99"), Figure("p999"), Figure("max"));
    }

    [GeneratedRegex(
        @"^(?<sent>\d+) records sent, .*\((?<mb>[\d.]+) MB/sec\), .*, (?<max>[\d.]+) ms max latency, (?<p50>\d+) ms 50th, \d+ ms 95th, (?<p99>\d+) ms 99th, (?<p999>\d+) ms 99.9th"
    )]
    private static partial Regex Summary();
}
