using System.Globalization;

namespace RaftLog.Benchmarks.Measuring;

/// <summary>What processes have used, as the operating system counts it (<c>/proc/PID</c>).</summary>
/// <param name="ProcessorSeconds">User and system time since they started.</param>
/// <param name="ResidentBytes">Their resident memory now.</param>
internal sealed record ProcessUse(double ProcessorSeconds, long ResidentBytes)
{
    private const double TicksPerSecond = 100;
    private const int UserTimeField = 11;

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
            seconds += (long.Parse(fields[UserTimeField], CultureInfo.InvariantCulture) + long.Parse(fields[UserTimeField + 1], CultureInfo.InvariantCulture)) / TicksPerSecond;
            string line = File.ReadLines($"/proc/{id}/status").First(each => each.StartsWith("VmRSS:", StringComparison.Ordinal));
            resident += long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
        }

        return new ProcessUse(seconds, resident);
    }
}
