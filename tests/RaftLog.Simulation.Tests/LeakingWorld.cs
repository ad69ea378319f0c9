namespace RaftLog.Simulation.Tests;

/// <summary>A world with a program that does one thing that no program in a simulated world may do.</summary>
internal sealed class LeakingWorld(string kind) : ISimulation
{
    /// <summary>One that a batch runs twice.</summary>
    internal const ulong Seed = 50;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    public string Arguments => "";

    public SeedOutcome Run(ulong seed, Action<string>? trace)
    {
        SimCluster world = new(new SimulationOptions { Seed = seed }, new SimRandom(seed));
        (Incarnation program, _) = world.NewClient();
        program.Run("leak", () => LeakAsync(program.Time));
        for (int i = 0; i < 20; i++)
        {
            world.Scheduler.RunFor(TimeSpan.FromMilliseconds(10));

            // Lets what has escaped come back while the world still runs.
            Thread.Sleep(1);
        }

        return new SeedOutcome
        {
            Seed = seed,
            Hash = world.Scheduler.Trace.Hash,
            Simulated = TimeSpan.FromTicks(world.Scheduler.Now),
            Faults = 0,
            Operations = 0,
            Acknowledged = 0,
            Violation = world.Scheduler.ForeignPosts > 0 ? "own-thread" : null,
        };
    }

    private async Task LeakAsync(TimeProvider time)
    {
        switch (kind)
        {
            case "none":
                await Task.Delay(Step, time);
                break;
            case "utc-now":
                await Task.Delay(TimeSpan.FromMilliseconds(1 + (DateTime.UtcNow.Ticks / 10 % 1000)), time);
                break;
            case "task-run":
                await Task.Run(static () => { });
                break;
            case "when-any":
                TaskCompletionSource source = new(TaskCreationOptions.RunContinuationsAsynchronously);
                Task any = Task.WhenAny(source.Task, Task.Delay(TimeSpan.FromHours(1), time))
                    .ContinueWith(static _ => { }, TaskScheduler.Default);
                source.SetResult();
                await any;
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "there is no such leak");
        }

        await Task.Delay(Step, time);
    }
}
