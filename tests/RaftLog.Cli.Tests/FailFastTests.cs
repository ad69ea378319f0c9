using RaftLog.Cli.Simulation;
using RaftLog.Simulation;

namespace RaftLog.Cli.Tests;

/// <summary>How a run of <c>raftlog simulate</c> ends when seeds fail.</summary>
public sealed class FailFastTests
{
    [Theory]
    [InlineData(true, new ulong[] { 1, 2 }, new ulong[0])]
    [InlineData(false, new ulong[] { 1, 2, 3, 4, 5, 6 }, new ulong[] { 2, 4, 6 })]
    public void A_run_that_fails_fast_ends_at_its_first_failure_and_looks_for_no_smaller_one(bool failFast, ulong[] runs, ulong[] shrunk)
    {
        EvenSeedsFail simulation = new();

        int exitCode = SimulateBatch.Run(
            new SimulatePlan(simulation, First: 1, Count: 100, Limit: null, Jobs: 1, Verbose: false) { FailFast = failFast }
        );

        Assert.Equal(ExitCode.Failed, exitCode);
        Assert.Equal(runs, simulation.Runs);
        Assert.Equal(shrunk, simulation.Shrunk);
    }

    private sealed class EvenSeedsFail : ISimulation
    {
        public List<ulong> Runs { get; } = [];

        public List<ulong> Shrunk { get; } = [];

        public string Arguments => "--even";

        public SeedOutcome Run(ulong seed, Action<string>? trace)
        {
            Runs.Add(seed);
            return new SeedOutcome
            {
                Seed = seed,
                Hash = seed,
                Simulated = TimeSpan.FromSeconds(1),
                Faults = 1,
                Operations = 1,
                Acknowledged = 1,
                Violation = seed % 2 == 0 ? "even: the seed is even" : null,
            };
        }

        public SeedOutcome? Shrink(SeedOutcome failed, Action<string> say)
        {
            Shrunk.Add(failed.Seed);
            return null;
        }
    }
}
