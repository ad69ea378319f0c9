using System.Diagnostics;
using System.Globalization;

namespace RaftLog.Benchmarks.Storage;

/// <summary>
/// Measures ways of doing the same in turns, and keeps the best of each: what disturbs a machine only makes things slower.
/// </summary>
internal static class Measure
{
    private const double MiB = 1 << 20;

    /// <summary>Does something that moves bytes, and looks at the clock before and after.</summary>
    /// <param name="work">Returns how many bytes it has moved.</param>
    public static Moved Timed(Func<long> work)
    {
        long began = Stopwatch.GetTimestamp();
        long bytes = work();
        return new Moved(bytes, Stopwatch.GetElapsedTime(began));
    }

    /// <inheritdoc cref="Timed" />
    public static async Task<Moved> TimedAsync(Func<Task<long>> work)
    {
        long began = Stopwatch.GetTimestamp();
        long bytes = await work();
        return new Moved(bytes, Stopwatch.GetElapsedTime(began));
    }

    /// <summary>Runs each way so many times, in turns; the MiB a second of the best run of each.</summary>
    /// <param name="rounds">How often.</param>
    /// <param name="ways">Each does its work, and says how long the part took that counts.</param>
    public static async Task<double[]> BestAsync(int rounds, params Func<Task<Moved>>[] ways)
    {
        double[] best = new double[ways.Length];
        for (int round = 0; round <= rounds; round++)
        {
            for (int way = 0; way < ways.Length; way++)
            {
                Moved moved = await ways[way]();
                double rate = moved.Bytes / MiB / moved.Time.TotalSeconds;

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

/// <summary>Bytes that were moved, and how long that took: without what came before and after.</summary>
internal readonly record struct Moved(long Bytes, TimeSpan Time);
