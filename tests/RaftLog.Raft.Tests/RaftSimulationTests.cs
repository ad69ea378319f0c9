using RaftLog.Simulation.Cores;

namespace RaftLog.Raft.Tests;

/// <summary>
/// Whole quorums under loss, duplication, reordering, crashes, partitions and pauses. <c>RAFT_SEEDS</c> sets the number of seeds,
/// <c>RAFT_FIRST_SEED</c> the first one, to replay or to search longer.
/// </summary>
[Trait("Category", "Slow")]
public sealed class RaftSimulationTests
{
    private static readonly int Seeds = Setting("RAFT_SEEDS", 300);

    private static readonly int FirstSeed = Setting("RAFT_FIRST_SEED", 1);

    [Fact]
    public void Nothing_committed_is_ever_lost_and_no_epoch_has_two_leaders() => Run(events: 3000, faults => faults);

    /// <summary>The mix in which a leader that may lead its epoch again after a crash is found out (4 seeds of 6,000).</summary>
    [Fact]
    public void Nor_is_it_when_nodes_crash_all_the_time_and_disks_are_slow() =>
        Run(
            events: 1500,
            faults =>
                faults with
                {
                    Voters = 5,
                    Observers = 0,
                    CrashPerThousand = 250,
                    MaxDiskDelayMs = 150,
                    PartitionPerThousand = 0,
                    PausePerThousand = 0,
                    SnapshotPerThousand = 0,
                    Link = faults.Link with { Loss = 200, MaxDelayMs = 10, Late = 0 },
                }
        );

    private static void Run(int events, Func<QuorumFaults, QuorumFaults> change)
    {
        List<string> failures = [];
        long committed = 0;
        long elections = 0;
        for (int seed = FirstSeed; seed < FirstSeed + Seeds && failures.Count < 3; seed++)
        {
            var cluster = new QuorumWorld((ulong)seed, change(QuorumFaults.Draw(new Chance((ulong)seed))));
            try
            {
                cluster.RunChaos(events);
                cluster.CheckLiveness();
            }
            catch (AlarmException violation)
            {
                failures.Add(violation.Message);
            }

            committed += cluster.Committed;
            elections += cluster.Elections;
        }

        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
        Assert.True(
            Seeds < 100 || (committed > 20 * Seeds && elections > Seeds),
            $"the runs did little: {committed} records, {elections} elections"
        );
    }

    /// <summary>
    /// The simulator can fail: each of these shells breaks one promise that the core builds on, and is found out by what follows.
    /// </summary>
    [Fact]
    public void A_shell_that_lies_about_its_disk_is_found_out()
    {
        Assert.True(
            FindsFault(faults =>
                faults with
                {
                    Lies = new ShellLies(AboutVotes: true, AboutFlushes: false, WipesDisks: false),
                    CrashPerThousand = 150,
                    MaxDiskDelayMs = 200,
                }
            ),
            "votes"
        );
        Assert.True(
            FindsFault(faults =>
                faults with
                {
                    Lies = new ShellLies(AboutVotes: false, AboutFlushes: true, WipesDisks: false),
                    CrashPerThousand = 150,
                    MaxDiskDelayMs = 200,
                }
            ),
            "flushes"
        );
        Assert.True(
            FindsFault(faults =>
                faults with
                {
                    Lies = new ShellLies(AboutVotes: false, AboutFlushes: false, WipesDisks: true),
                    CrashPerThousand = 50,
                }
            ),
            "wiped disks"
        );
    }

    private static bool FindsFault(Func<QuorumFaults, QuorumFaults> tell)
    {
        for (ulong seed = 1; seed <= 400; seed++)
        {
            QuorumFaults faults = tell(QuorumFaults.Draw(new Chance(seed)));
            try
            {
                new QuorumWorld(seed, faults).RunChaos(events: 3000);
            }
            catch (AlarmException)
            {
                return true;
            }
        }

        return false;
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out int value) ? value : otherwise;
}
