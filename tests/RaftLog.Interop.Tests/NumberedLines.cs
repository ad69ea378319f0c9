using System.Globalization;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;
using Xunit.Sdk;

namespace RaftLog.Interop.Tests;

/// <summary>A stream of numbered lines through kcat, whose loss, repetition and disorder can be seen afterwards.</summary>
internal static class NumberedLines
{
    /// <summary>How many lines a stream has.</summary>
    public const int Count = 100_000;

    /// <summary>What other writers on the same topic begin their values with.</summary>
    public const string ProbePrefix = "probe";

    /// <summary>kcat's arguments for a producer that may not lose, repeat or reorder.</summary>
    public static string[] Producer(string topic) =>
        ["-P", "-t", topic, "-X", "enable.idempotence=true", "-X", "acks=all", "-X", "linger.ms=5", "-X", "reconnect.backoff.max.ms=500"];

    /// <summary>Writes the lines of a range.</summary>
    public static async Task WriteAsync(StreamWriter target, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            await target.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"line {i:000000} of a stream that must stay whole\n"));
        }

        await target.FlushAsync();
    }

    /// <summary>Reads the topic to its end: every line must be there once, and in each partition in order.</summary>
    public static async Task MustBeWholeAsync(Cluster cluster, string topic)
    {
        CommandResult read = (await Kcat.RunAsync(cluster, ["-C", "-t", topic, "-e", "-q", "-f", "%p %s\\n"])).Succeeded();
        int[] seen = new int[Count];
        Dictionary<int, int> last = [];
        foreach (string line in read.Lines)
        {
            string[] parts = line.Split(' ');
            if (parts[1].StartsWith(ProbePrefix, StringComparison.Ordinal))
            {
                continue;
            }

            int partition = int.Parse(parts[0], CultureInfo.InvariantCulture);
            int number = int.Parse(parts[2], CultureInfo.InvariantCulture);
            seen[number]++;
            if (number <= last.GetValueOrDefault(partition, -1))
            {
                throw new XunitException($"line {number} follows {last[partition]} in partition {partition} of {topic}");
            }

            last[partition] = number;
        }

        int absent = seen.Count(n => n == 0);
        int repeated = seen.Count(n => n > 1);
        if (absent + repeated > 0)
        {
            throw new XunitException(
                $"{absent} lines are lost and {repeated} are there more than once; the first lost is {Array.IndexOf(seen, 0)}"
            );
        }
    }
}
