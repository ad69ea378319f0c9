using System.Diagnostics;
using System.Globalization;

namespace RaftLog.Benchmarks.Storage;

/// <summary>
/// Measures ways of doing the same in turns, and keeps the best of each: what disturbs a machine only makes things slower.
/// </summary>
internal static class Measure
{
    private const double MiB = 1 << 20;

    /// <summary>Runs each way so many times, in turns; the MiB a second of the best run of each.</summary>
    /// <param name="rounds">How often.</param>
    /// <param name="ways">Each does its work and returns how many bytes it has moved.</param>
    public static async Task<double[]> BestAsync(int rounds, params Func<Task<long>>[] ways)
    {
        double[] best = new double[ways.Length];
        for (int round = 0; round <= rounds; round++)
        {
            for (int way = 0; way < ways.Length; way++)
            {
                long began = Stopwatch.GetTimestamp();
                long bytes = await ways[way]();
                double rate = bytes / MiB / Stopwatch.GetElapsedTime(began).TotalSeconds;

                // The first round warms up.
                best[way] = round == 0 ? 0 : Math.Max(best[way], rate);
            }
        }

        return best;
    }

    /// <summary>A row that compares a way with the plain system calls.</summary>
    public static void Print(string what, double ours, double plain) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {ours:0} | {plain:0} | {100 * ours / plain:0} % |"));
}
