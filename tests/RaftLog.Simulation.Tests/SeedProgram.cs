namespace RaftLog.Simulation.Tests;

/// <summary>
/// Runs seeds in a process of its own, where nothing else uses the thread pool, so that one item on it is proof of code that has escaped:
/// <c>first-seed count</c>, a line <c>seed hash violation</c> each and a last line <c>pool-items timers</c>; or <c>leak kind</c>, the same
/// with a world in which a program does what it must not.
/// </summary>
internal static class SeedProgram
{
    private static int Main(string[] args)
    {
        if (args.Length != 2)
        {
            Console.Error.WriteLine("usage: first-seed count, or: leak kind");
            return 2;
        }

        PoolWatch pool = PoolWatch.Begin();
        bool leaks = args[0] == "leak";
        SeedBatch batch = leaks
            ? new SeedBatch(new LeakingWorld(args[1]), LeakingWorld.Seed, 1, static () => true)
            : new SeedBatch(new WholeNodes(), ulong.Parse(args[0]), ulong.Parse(args[1]), static () => true);
        batch.Run(
            threads: 2,
            outcome =>
            {
                Console.Out.WriteLine($"{outcome.Seed} {outcome.Hash:x16} {outcome.Violation ?? "held"}");
                return true;
            }
        );
        Console.Out.WriteLine($"{pool.Items} {pool.Timers}");
        return 0;
    }
}
