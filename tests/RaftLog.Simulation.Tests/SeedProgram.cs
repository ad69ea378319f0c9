namespace RaftLog.Simulation.Tests;

/// <summary>
/// Runs seeds in a process of its own: <c>first-seed count [trace]</c>. Each line of output is <c>seed hash pool-items timers</c>; a run that fails is
/// explained on standard error. Here nothing else uses the pool, so that one item on it is proof of code that has escaped.
/// </summary>
internal static class SeedProgram
{
    private static int Main(string[] args)
    {
        if (args.Length < 2)
        {
            Console.Error.WriteLine("usage: first-seed count [trace]");
            return 2;
        }

        ulong first = ulong.Parse(args[0]);
        int failures = 0;
        for (ulong seed = first; seed < first + ulong.Parse(args[1]); seed++)
        {
            PoolWatch pool = PoolWatch.Begin();
            SimulationReport report = OwnThread.Run(() => SimulationRun.Of(seed, args.Length > 2 ? Console.Error.WriteLine : null));
            Console.Out.WriteLine($"{seed} {report.Hash:x16} {pool.Items} {pool.Timers}");
            Console.Error.WriteLine(report.Summary);
            if (!report.Passed)
            {
                Console.Error.WriteLine(report.Explain());
                failures++;
            }
        }

        return failures == 0 ? 0 : 1;
    }
}
