using System.Text;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation.Tests;

/// <summary>Each kind of fault that is not plain from the table of docs/verification.md: that it happens, and that it matters.</summary>
public sealed class FaultTests
{
    private const ulong Seeds = 4;
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(3);

    [Fact]
    public void What_a_disk_corrupts_is_never_taken_for_good()
    {
        List<SimulationReport> reports = Run(
            new SimulationOptions
            {
                Seed = 0,
                Faults = FaultMix.Of(
                    Often,
                    Outage,
                    FaultKind.BitRot,
                    FaultKind.MisdirectedWrite,
                    FaultKind.UnreadableSector,
                    FaultKind.Kill,
                    FaultKind.PowerLoss
                ),
            }
        );

        Assert.All(reports, each => Assert.True(each.Passed, each.Explain()));
        Assert.All(
            ["fault: BitRot", "fault: MisdirectedWrite", "fault: UnreadableSector", "sometimes: damaged places read"],
            name => Assert.True(reports.Sum(each => each.Counters[name]) > 0, name)
        );
    }

    [Fact]
    public void What_a_disk_corrupts_reaches_a_client_that_does_not_look_at_checksums() =>
        Assert.Contains(
            Run(
                new SimulationOptions
                {
                    Seed = 0,
                    MaxFill = 16_000,
                    ClientsCheckChecksums = false,
                    Faults = FaultMix.Of(
                        TimeSpan.FromMilliseconds(50),
                        Outage,
                        FaultKind.BitRot,
                        FaultKind.MisdirectedWrite,
                        FaultKind.ClientCrash
                    ),
                }
            ),
            each => !each.Passed
        );

    [Fact]
    public void A_process_may_die_in_any_call_of_its_network_and_its_timers()
    {
        List<SimulationReport> reports = Run(new SimulationOptions { Seed = 0, Faults = FaultMix.Of(Often, Outage, FaultKind.KillInCall) });

        Assert.All(reports, each => Assert.True(each.Passed, each.Explain()));
        Assert.True(reports.Sum(each => each.Counters["fault: KillInCall"]) >= 20);
    }

    [Fact]
    public void Controllers_and_brokers_may_be_nodes_of_their_own()
    {
        List<SimulationReport> reports = Run(
            new SimulationOptions
            {
                Seed = 0,
                Nodes = 5,
                Voters = 3,
                Brokers = 2,
                Replicas = 2,
                MinInSync = 1,
                Faults = FaultMix.Of(TimeSpan.FromSeconds(2), Outage, FaultKind.Kill, FaultKind.PowerLossOfAll, FaultKind.Isolation),
            }
        );

        Assert.All(reports, each => Assert.True(each.Passed, each.Explain()));
    }

    [Fact]
    public void A_flush_that_hangs_on_a_slow_disk_ends_when_the_disk_is_healed()
    {
        List<SimulationReport> reports = Run(
            new SimulationOptions
            {
                Seed = 0,
                Disk = new DiskProfile(TimeSpan.FromMilliseconds(0.2), TimeSpan.FromMilliseconds(2), 0.05, TimeSpan.FromSeconds(1.5)),
                Faults = FaultMix.Of(Often, Outage, FaultKind.SlowDisk),
            }
        );

        Assert.All(reports, each => Assert.True(each.Passed, each.Explain()));
        Assert.True(reports.Sum(each => each.Counters["fault: SlowDisk"]) >= 20);
    }

    /// <summary>
    /// Two batches of one size differ in what the checksum protects: with its checksum, the other's content would be good at an offset that
    /// is not its own.
    /// </summary>
    [Fact]
    public void A_write_that_goes_astray_into_a_batch_can_be_told_by_its_checksum()
    {
        byte[] first = BatchOf("first"),
            other = BatchOf("other");
        SimInode file = new();
        file.Write(0, [.. first, .. other]);
        BatchAtRest batch = new("log", file, 0, first.Length);

        for (ulong seed = 1; seed <= 50; seed++)
        {
            byte[] read = [.. first];
            batch.Overwrite(new BatchAtRest("log", file, first.Length, other.Length), new SimRandom(seed)).Show(0, read);

            Assert.Equal(BatchStatus.Complete, RecordBatch.Read(read, out RecordBatch corrupt));
            Assert.False(corrupt.HasValidChecksum);
        }
    }

    private static byte[] BatchOf(string value)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions(1 << 20, CompressionType.None));
        Assert.True(builder.TryAppend(0, NullableBytes.Null, Encoding.UTF8.GetBytes(value)));
        return builder.Seal().ToArray();
    }

    private static List<SimulationReport> Run(SimulationOptions options)
    {
        List<SimulationReport> reports = [];
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            SimulationOptions seeded = options with { Seed = seed };
            reports.Add(OwnThread.Run(() => SimulationRun.Of(seeded)));
        }

        return reports;
    }
}
