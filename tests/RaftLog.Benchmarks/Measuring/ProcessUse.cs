using System.Globalization;

namespace RaftLog.Benchmarks.Measuring;

/// <summary>What processes have used, as the operating system counts it (<c>/proc/PID</c>).</summary>
/// <param name="ProcessorSeconds">User and system time since they started.</param>
/// <param name="ResidentBytes">Their resident memory now.</param>
internal sealed record ProcessUse(double ProcessorSeconds, long ResidentBytes)
{
    private const double TicksPerSecond = 100;
    private const int UserTimeField = 11;

    /// <summary>Begins to look for the peak of resident memory anew.</summary>
    public static void ForgetPeak(IEnumerable<int> processIds)
    {
        foreach (int id in processIds)
        {
            File.WriteAllText($"/proc/{id}/clear_refs", "5");
        }
    }

    /// <summary>The largest resident memory of each process since its start, or since <see cref="ForgetPeak"/>, as a sum.</summary>
    public static long PeakBytes(IEnumerable<int> processIds) => processIds.Sum(static id => StatusBytes(id, "VmHWM:"));

    /// <summary>True while a process is there; one that ended and was not waited for is a zombie.</summary>
    public static bool IsRunning(int id)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{id}/stat");
            return stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>The sum over processes.</summary>
    public static ProcessUse Of(IEnumerable<int> processIds)
    {
        double seconds = 0;
        long resident = 0;
        foreach (int id in processIds)
        {
            // The name, in parentheses, may contain blanks; what is counted follows it.
            string stat = File.ReadAllText($"/proc/{id}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            seconds +=
                (
                    long.Parse(fields[UserTimeField], CultureInfo.InvariantCulture)
                    + long.Parse(fields[UserTimeField + 1], CultureInfo.InvariantCulture)
                ) / TicksPerSecond;
            resident += StatusBytes(id, "VmRSS:");
        }

        return new ProcessUse(seconds, resident);
    }

    private static long StatusBytes(int id, string field)
    {
        string line = File.ReadLines($"/proc/{id}/status").First(each => each.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(
                line[field.Length..].Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[0],
                CultureInfo.InvariantCulture
            ) << 10;
    }
}
