using System.CommandLine;
using System.Globalization;
using System.Runtime;
using RaftLog.Testing;

namespace RaftLog.Benchmarks;

/// <summary>
/// <c>embedded</c>: how soon an embedded broker is ready, the first of a process and later ones, and what many of them take of its
/// memory.
/// </summary>
internal static class EmbeddedClusterCommand
{
    /// <summary>Makes the command.</summary>
    public static System.CommandLine.Command Create()
    {
        Option<int> later = new("--later") { Description = "How many to start and end after the first.", DefaultValueFactory = _ => 20 };
        Option<int> together = new("--together") { Description = "How many to run at once.", DefaultValueFactory = _ => 100 };
        Option<bool> sockets = new("--sockets") { Description = "Listen on TCP ports." };
        System.CommandLine.Command command = new("embedded", "Ready times and memory of embedded brokers.") { later, together, sockets };
        command.SetAction(parsed => RunAsync(parsed.GetValue(later), parsed.GetValue(together), parsed.GetValue(sockets)));
        return command;
    }

    private static async Task<int> RunAsync(int later, int together, bool sockets)
    {
        EmbeddedClusterOptions options = new() { Sockets = sockets };
        (TimeSpan jitBefore, long methodsBefore) = (JitInfo.GetCompilationTime(), JitInfo.GetCompiledMethodCount());
        double first = await StartAndEndAsync(options);
        TimeSpan jit = JitInfo.GetCompilationTime() - jitBefore;
        long methods = JitInfo.GetCompiledMethodCount() - methodsBefore;
        List<double> others = [];
        for (int i = 0; i < later; i++)
        {
            others.Add(await StartAndEndAsync(options));
        }

        others.Sort();
        long before = ResidentBytes();
        List<EmbeddedCluster> clusters = [];
        for (int i = 0; i < together; i++)
        {
            clusters.Add(await EmbeddedCluster.StartAsync(options));
        }

        double each = (ResidentBytes() - before) / 1048576.0 / together;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"first ready after {first:0} ms"));
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"until its end {methods} methods were compiled, in {jit.TotalMilliseconds:0} ms of all threads"
            )
        );
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"later ones after {others[others.Count / 2]:0.0} ms (median of {later}), {others[^1]:0.0} ms at most"
            )
        );
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{together} at once: {each:0.0} MiB resident each"));
        foreach (EmbeddedCluster cluster in clusters)
        {
            await cluster.DisposeAsync();
        }

        return 0;
    }

    private static async Task<double> StartAndEndAsync(EmbeddedClusterOptions options)
    {
        long start = TimeProvider.System.GetTimestamp();
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync(options);
        return TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
    }

    private static long ResidentBytes()
    {
        GC.Collect();
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("VmRSS:", StringComparison.Ordinal))
            {
                return long.Parse(line.AsSpan(6).Trim(" \tkB"), CultureInfo.InvariantCulture) * 1024;
            }
        }

        return 0;
    }
}
