using System.Globalization;

namespace RaftLog.Benchmarks.Measuring;

/// <summary>The machine, so that a reader knows what the figures are worth.</summary>
internal static class Machine
{
    private const int StealField = 8;

    /// <summary>Processors, kernel and the model of the processor.</summary>
    public static string Describe()
    {
        string model =
            File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            ?? ": unknown processor";
        return $"{Environment.ProcessorCount} processors ({model[(model.IndexOf(':') + 1)..].Trim()}), "
            + $"{Environment.OSVersion.VersionString}";
    }

    /// <summary>All processor time so far, and what of it the host took away, in ticks.</summary>
    public static (long All, long Stolen) Ticks()
    {
        long[] fields =
        [
            .. File.ReadLines("/proc/stat")
                .First()
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Skip(1)
                .Select(each => long.Parse(each, CultureInfo.InvariantCulture)),
        ];
        return (fields.Sum(), fields[StealField - 1]);
    }
}
