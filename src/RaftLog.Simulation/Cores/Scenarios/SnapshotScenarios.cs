using RaftLog.Broker.Quorum;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Simulation.Cores;

/// <summary>Scenarios of a metadata snapshot that comes in many pieces (KIP-630) to a node that joins late.</summary>
internal static class SnapshotScenarios
{
    private const string MetadataDirectory = "/data/__cluster_metadata-0";
    private const string Part = ".checkpoint.part";
    private const int PieceBytes = 256;
    private const int LeastPieces = 8;
    private const int Topics = 30;
    private const int Late = 4;
    private const double LessThanASnapshot = 2.5;

    public static void A_snapshot_in_pieces_is_begun_again_at_a_new_leader_and_ends_in_the_same_image() =>
        InTheMiddle(
            (scenario, late) =>
            {
                SimMachine leader = LeaderOfQuorum(scenario);
                leader.Kill();
                scenario.Reach(
                    () =>
                        scenario.Cluster.Machines.Any(each =>
                            each.IsUp && each.Node!.QuorumLeader is { IsNode: true } other && other.Value != leader.Number
                        ),
                    "another leads the quorum"
                );
                leader.Start();
            }
        );

    public static void A_snapshot_in_pieces_goes_on_after_its_connection_was_reset() =>
        InTheMiddle(static (scenario, _) => scenario.Cluster.Network.ResetSome(1));

    public static void A_snapshot_in_pieces_is_begun_again_by_a_node_that_ended_in_the_middle() =>
        InTheMiddle(
            static (_, late) =>
            {
                late.Kill();
                late.Start();
                Expect.True(late.Volume.ListFiles(MetadataDirectory).Any(IsPart));
            }
        );

    public static void A_snapshot_in_pieces_is_begun_again_by_a_machine_that_lost_its_power_in_the_middle() =>
        InTheMiddle(
            static (_, late) =>
            {
                late.LosePower();
                late.Start();
            }
        );

    public static void A_damaged_snapshot_gives_way_to_an_older_one_and_the_log()
    {
        ScenarioCluster scenario = WithSnapshots();
        SimMachine machine = scenario.Cluster.Machines[0];
        machine.Kill();
        Empty(machine);
        machine.Start();
        scenario.Reach(
            () => machine.IsReady && scenario.Cluster.Machines.All(each => BelievesTheSame(each, machine)),
            "all nodes believe the same"
        );
        Expect.True(
            machine.Volume.ListFiles(MetadataDirectory).Any(static each => each.EndsWith(".checkpoint.damaged", StringComparison.Ordinal))
        );
    }

    public static void A_damaged_snapshot_is_not_served_and_another_is_taken()
    {
        ScenarioCluster scenario = WithSnapshots(absent: Late);
        foreach (SimMachine machine in scenario.Cluster.Machines.Where(static each => each.IsUp))
        {
            Empty(machine);
        }

        SimMachine late = scenario.Cluster.Machines[Late - 1];
        late.Start();

        // Before as much has been written as makes the next snapshot due.
        scenario.RunFor(LessThanASnapshot);
        Expect.Equal(Topics, late.Node!.Image.Topics.ById.Count);
    }

    public static void A_damaged_snapshot_that_nothing_replaces_keeps_the_node_from_starting_and_stays()
    {
        var scenario = new ScenarioLog();
        MetadataStoreOptions options = new(
            SegmentBytes: 1 << 20,
            SegmentMs: 1 << 30,
            BytesBetweenSnapshots: 1 << 20,
            SnapshotIntervalMs: 0,
            RetentionBytes: 1 << 20
        );
        scenario.Run(async each =>
        {
            MetadataStore store = await MetadataStore.OpenAsync(each.Directory, each.Disk, [new NodeId(1)], options, static _ => { });
            await store.WriteSnapshotAsync(
                MetadataImage.Empty with
                {
                    Provenance = new MetadataProvenance(new Offset(4), new LeaderEpoch(2)),
                },
                timestampMs: 0
            );
        });
        const string Path = $"{MetadataDirectory}/00000000000000000005-0000000002.checkpoint";
        SimInode file = (SimInode)scenario.Volume.Find(Path)!;
        file.SetLength(file.Current.Length - 1);
        int left = file.Current.Length;
        scenario.Restart();
        scenario.Run(async each =>
        {
            string rejection = "";
            try
            {
                await MetadataStore.OpenAsync(each.Directory, each.Disk, [new NodeId(1)], options, static _ => { });
            }
            catch (Storage.LogDirectoryException rejected)
            {
                rejection = rejected.Message;
            }

            Expect.True(rejection.Contains(Path, StringComparison.Ordinal), $"a rejection that names the file: {rejection}");
        });
        Expect.Equal(left, scenario.Volume.ReadFile(Path)!.Length);
    }

    private static ScenarioCluster WithSnapshots(params int[] absent)
    {
        ScenarioCluster scenario = new(
            ScenarioCluster.Quick(("metadata.log.max.record.bytes.between.snapshots", "1000")) with
            {
                Nodes = absent.Length > 0 ? Late : 3,
                Voters = 3,
            },
            watches: true,
            absent
        );
        scenario.Tell(async () =>
        {
            for (int topic = 0; topic < Topics; topic++)
            {
                await scenario.CreateTopicAsync($"t{topic}");
            }
        });
        scenario.Reach(
            () =>
                scenario
                    .Cluster.Machines.Where(static each => each.IsUp)
                    .All(static each => each.Volume.ListFiles(MetadataDirectory).Count(IsWhole) > 1),
            "there are snapshots"
        );
        return scenario;
    }

    private static void Empty(SimMachine machine)
    {
        string newest = machine.Volume.ListFiles(MetadataDirectory).Last(IsWhole);
        ((SimInode)machine.Volume.Find($"{MetadataDirectory}/{newest}")!).SetLength(0);
    }

    private static void InTheMiddle(Action<ScenarioCluster, SimMachine> disturb)
    {
        ScenarioCluster scenario = new(
            ScenarioCluster.Quick(
                ("controller.quorum.fetch.snapshot.max.bytes", $"{PieceBytes}"),
                ("metadata.log.max.record.bytes.between.snapshots", "1000")
            ) with
            {
                Nodes = Late,
                Voters = 3,
            },
            watches: true,
            Late
        );
        scenario.Tell(async () =>
        {
            for (int topic = 0; topic < Topics; topic++)
            {
                await scenario.CreateTopicAsync($"t{topic}");
            }
        });
        SimMachine late = scenario.Cluster.Machines[Late - 1];
        late.Start();
        SortedSet<long> sizes = [];
        scenario.Reach(
            () =>
            {
                sizes.Add(SizeOfPart(late));
                return sizes.Max >= LeastPieces / 2 * PieceBytes;
            },
            "half of a snapshot has come"
        );
        Expect.Equal(0, late.Volume.ListFiles(MetadataDirectory).Count(IsWhole));
        disturb(scenario, late);
        scenario.Reach(
            () =>
            {
                sizes.Add(SizeOfPart(late));
                return late.Volume.ListFiles(MetadataDirectory).Any(IsWhole);
            },
            "the snapshot has come"
        );
        Expect.True(sizes.Count > LeastPieces, $"more than {LeastPieces} pieces, not {sizes.Count}: {string.Join(' ', sizes)}");
        scenario.Reach(() => scenario.Cluster.Machines.All(each => each.IsUp && BelievesTheSame(each, late)), "all nodes believe the same");

        // The node writes snapshots of its own, too.
        scenario.Reach(() => !late.Volume.ListFiles(MetadataDirectory).Any(IsPart), "no part of a snapshot is left");
        Expect.Equal(Topics, late.Node!.Image.Topics.ById.Count);
        Expect.True(FirstOffset(late) > 0);
    }

    private static bool BelievesTheSame(SimMachine one, SimMachine other)
    {
        MetadataImage image = one.Node!.Image;
        MetadataImage others = other.Node!.Image;
        return image.Provenance == others.Provenance && image.SaysTheSameAs(others);
    }

    private static SimMachine LeaderOfQuorum(ScenarioCluster scenario) =>
        scenario.Cluster.Machine(
            scenario.Cluster.Machines.First(each => each.IsUp && each.Node!.QuorumLeader.IsNode).Node!.QuorumLeader.Value
        );

    private static long SizeOfPart(SimMachine machine) =>
        machine
            .Volume.ListFiles(MetadataDirectory)
            .Where(IsPart)
            .Select(each => (long)machine.Volume.ReadFile($"{MetadataDirectory}/{each}")!.Length)
            .DefaultIfEmpty()
            .Max();

    private static long FirstOffset(SimMachine machine) =>
        machine
            .Volume.ListFiles(MetadataDirectory)
            .Where(static each => each.EndsWith(".log", StringComparison.Ordinal))
            .Min(static each => long.Parse(each[..^4], System.Globalization.CultureInfo.InvariantCulture));

    private static bool IsPart(string name) => name.EndsWith(Part, StringComparison.Ordinal);

    private static bool IsWhole(string name) =>
        name.EndsWith(".checkpoint", StringComparison.Ordinal) && !name.StartsWith("00000000000000000000-", StringComparison.Ordinal);
}
