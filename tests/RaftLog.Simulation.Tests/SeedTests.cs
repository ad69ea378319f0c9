using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Xunit.Abstractions;

namespace RaftLog.Simulation.Tests;

/// <summary>The shipped cluster and client under faults, seed after seed.</summary>
public sealed class SeedTests(ITestOutputHelper output)
{
    private const ulong FirstSeed = 1;
    private const ulong Seeds = 300;
    private const string SeedsVariable = "RAFTLOG_SIMULATED_SEEDS";

    private const ulong DrawnSeeds = 60;

    /// <summary>The hash of the commit under test, which .ci/run sets.</summary>
    private const string CommitVariable = "RAFTLOG_COMMIT";

    /// <summary>What draws seeds where there is no commit.</summary>
    private const string WithoutCommit = "outside of a repository";

    /// <summary>
    /// Seeds whose alarm is not judged yet, each with the promise that it breaks ("Open alarms" of docs/verification.md). One that holds
    /// again must go from here.
    /// </summary>
    private static readonly Dictionary<ulong, string> Open = [];

    /// <summary>In so many seeds every fault, check and rare event must have happened.</summary>
    private const ulong Enough = 300;

    [Fact]
    public void No_promise_breaks_under_faults()
    {
        ulong seeds = ulong.TryParse(
            Environment.GetEnvironmentVariable(SeedsVariable),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out ulong asked
        )
            ? asked
            : Seeds;
        BatchFigures figures = new();
        List<SeedOutcome> failed = [];
        SeedBatch batch = new(new WholeNodes(), FirstSeed, seeds, static () => true);
        batch.Run(
            Environment.ProcessorCount,
            outcome =>
            {
                figures.Add(outcome);
                string? open = Open.GetValueOrDefault(outcome.Seed);
                if (outcome.Violation?.Split(':')[0] != open)
                {
                    failed.Add(outcome);
                }

                return failed.Count < 3;
            }
        );

        output.WriteLine(figures.ToString());
        Assert.True(failed.Count == 0, string.Join("\n\n", failed.Select(each => $"{each}\n{each.Explanation}")));
        Assert.Null(figures.WhyNothing());
        Assert.Null(figures.Fault());
        Assert.True(
            figures.Operations >= 10 * figures.Simulated.TotalSeconds,
            $"{figures.Operations} operations are less than ten a simulated second"
        );
        Assert.True(figures.Faults >= 5 * figures.Seeds, $"{figures.Faults} faults are less than five a seed");
        if (seeds >= Enough)
        {
            // Everything happens, but for what may happen as seldom as it likes: partitions that need not make progress.
            Assert.Empty(figures.Counters.Where(each => each.Value == 0 && each.Key != BatchFigures.ExemptPhases).Select(each => each.Key));
            VerificationPage.Check(figures);
        }
    }

    /// <summary>Every commit looks where nobody has looked yet, and always at the same place.</summary>
    [Fact]
    public void Seeds_that_the_commit_draws_hold()
    {
        string commit = Environment.GetEnvironmentVariable(CommitVariable) is { Length: > 0 } hash ? hash : WithoutCommit;
        ulong first = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(commit))) >> 24;
        output.WriteLine($"{commit} draws {DrawnSeeds} seeds from {first} on");
        List<SeedOutcome> failed = [];
        SeedBatch batch = new(new WholeNodes(), first, DrawnSeeds, static () => true);
        batch.Run(
            Environment.ProcessorCount,
            outcome =>
            {
                if (!outcome.Held)
                {
                    failed.Add(outcome);
                }

                return failed.Count < 3;
            }
        );
        Assert.True(
            failed.Count == 0,
            string.Join(
                "\n\n",
                failed.Select(each => $"{each}\n{each.Explanation}\nDrawn by {commit}. Replay: raftlog simulate --seed {each.Seed} --trace")
            )
        );
    }

    [Fact]
    public void Seeds_that_once_failed_hold()
    {
        foreach (
            string line in File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "regressions.txt"))
                .Where(each => each.Length > 0 && each[0] != '#')
        )
        {
            SimulationReport report = OwnThread.Run(() => SimulationRun.Of(ulong.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture)));
            Assert.True(report.Passed, $"{line}\n{report.Explain()}");
        }
    }

    [Fact]
    public void A_cluster_without_faults_loses_nothing_and_leaves_nothing_open()
    {
        SimulationReport report = OwnThread.Run(() =>
            SimulationRun.Of(new SimulationOptions { Seed = 7, FaultTime = TimeSpan.FromSeconds(5) })
        );

        Assert.True(report.Passed, report.Explain());
        Assert.Equal(0, report.Unknown);
        Assert.True(report.HighWatermarks > 0);
    }
}
