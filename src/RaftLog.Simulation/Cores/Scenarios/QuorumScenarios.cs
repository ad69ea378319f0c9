using RaftLog.Protocol;
using RaftLog.Raft;

namespace RaftLog.Simulation.Cores;

/// <summary>Scenarios of the quorum: what a replica may say, lead and commit after a crash, and what a snapshot replaces.</summary>
internal static class QuorumScenarios
{
    private const int Seeds = 10;

    public static void Raft_figure_8_records_of_an_older_epoch_are_not_committed_by_counting()
    {
        // A leader whose epoch begins at 5: a majority has all that earlier epochs left, and nothing of its own.
        Expect.Equal(new Offset(2), QuorumArithmetic.HighWatermark([5, 5, 1], new Offset(5), new Offset(2)));
        Expect.Equal(new Offset(6), QuorumArithmetic.HighWatermark([6, 6, 1], new Offset(5), new Offset(2)));
    }

    public static void A_vote_leaves_when_it_is_on_disk_and_not_before()
    {
        RaftCore core = Recovered(ElectionState.Initial, RecoveredLog.Empty);
        List<RaftEffect> effects = [];
        core.DrainEffects(effects);
        effects.Clear();
        core.HandleVote(
            10,
            1,
            new RaftVoteRequest(ReplicaKey.None, new LeaderEpoch(5), Key(2), new LogPosition(LeaderEpoch.Zero, Offset.Zero), PreVote: false)
        );
        core.DrainEffects(effects);
        Expect.True(!effects.Exists(static effect => effect is RaftEffect.SendReply));
        long token = effects.OfType<RaftEffect.PersistElectionState>().Max(static effect => effect.Token);
        core.ElectionStatePersisted(11, token);
        effects.Clear();
        core.DrainEffects(effects);
        Expect.True(effects.Exists(static effect => effect is RaftEffect.SendReply { Reply: RaftVoteReply { Granted: true } }));
    }

    public static void A_leader_that_restarts_does_not_lead_its_epoch_again()
    {
        var epoch = new LeaderEpoch(3);
        var log = new RecoveredLog(SnapshotId.None, new Offset(4), [new EpochStart(epoch, new Offset(2))], SnapshotId.None);
        Expect.True(Recovered(new ElectionState(epoch, new NodeId(1), ReplicaKey.None), log).Role is ResignedRole);
        Expect.True(Recovered(new ElectionState(epoch, NodeId.None, Key(1)), log).Role is ResignedRole);
    }

    public static void A_snapshot_takes_the_place_of_a_suffix_that_was_never_committed() =>
        ForSeeds(world =>
        {
            QuorumReplica old = world.Leader!;
            world.Isolate(old.Id.Value);
            old.Propose();
            old.Propose();
            world.RunFor(8_000);
            for (int round = 0; round < 10; round++)
            {
                world.Leader!.Propose();
                world.RunFor(50);
            }

            QuorumReplica next = world.Leader!;
            Expect.True(next != old);
            QuorumWorld.TakeSnapshot(next, truncatesFront: true);
            next.Propose();
            world.RunFor(100);
            world.Network.Heal();
            bool came = world.RunUntil(
                () => old.Core!.HighWatermark.Value == world.Committed && old.Disk.Written.Start.ReplacesRecords,
                10_000
            );
            Expect.True(came);
        });

    public static void A_voter_that_was_away_for_long_gets_the_snapshot_and_the_rest() =>
        ForSeeds(world =>
        {
            int away = (world.Leader!.Id.Value % 3) + 1;
            world.Kill(away);
            for (int round = 0; round < 20; round++)
            {
                world.Leader!.Propose();
                world.RunFor(50);
            }

            QuorumWorld.TakeSnapshot(world.Leader!, truncatesFront: true);
            world.Leader!.Propose();
            world.RunFor(100);
            world.Node(away).Start();
            world.RunFor(3_000);
            Expect.True(world.Node(away).Disk.Written.Start.ReplacesRecords);
            Expect.Equal(world.Committed, (int)world.Node(away).Core!.HighWatermark.Value);
        });

    public static void An_observer_whose_leader_is_lost_within_a_snapshot_finds_the_next_leader() =>
        ForSeeds(world =>
        {
            QuorumReplica observer = world.Node(4);
            world.Kill(observer.Id.Value);
            for (int round = 0; round < 20; round++)
            {
                world.Leader!.Propose();
                world.RunFor(50);
            }

            QuorumReplica lost = world.Leader!;
            QuorumWorld.TakeSnapshot(lost, truncatesFront: true);
            lost.Propose();
            world.RunFor(100);
            observer.Start();
            Expect.True(world.RunUntil(() => observer.HasPartOfSnapshot, 3_000), "a part of the snapshot comes");
            world.Isolate(lost.Id.Value);
            Expect.True(
                world.RunUntil(
                    () => world.Leader is { } next && next != lost && observer.Core!.HighWatermark > next.Disk.LatestSnapshot.EndOffset,
                    20_000
                ),
                $"the observer is at {observer.Core!.HighWatermark} of {world.Committed}"
            );
        });

    public static void A_voter_that_was_cut_off_does_not_disturb_the_leader_when_it_comes_back() =>
        ForSeeds(world =>
        {
            QuorumReplica leader = world.Leader!;
            world.Isolate((leader.Id.Value % 3) + 1);
            world.RunFor(15_000);
            world.Network.Heal();
            world.RunFor(5_000);
            Expect.True(world.Leader == leader);
            Expect.Equal(1, world.Elections);
        });

    public static void A_leader_that_no_majority_fetches_from_gives_up_and_the_others_go_on() =>
        ForSeeds(world =>
        {
            QuorumReplica old = world.Leader!;
            world.Isolate(old.Id.Value);
            world.RunFor(6_000);
            Expect.True(old.Leads is null);
            Expect.True(world.Leader is not null);
        });

    private static void ForSeeds(Action<QuorumWorld> play)
    {
        QuorumFaults calm = new()
        {
            Voters = 3,
            Observers = 1,
            Link = new LinkFaults(Loss: 0, Duplicates: 0, MaxDelayMs: 3, Late: 0, LatestMs: 1),
            MaxDiskDelayMs = 3,
        };
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            var world = new QuorumWorld(seed, calm);
            world.StartAll();
            Expect.True(world.RunUntil(() => world.Leader is not null, 3_000));
            world.RunFor(300);
            play(world);
        }
    }

    private static RaftCore Recovered(ElectionState stored, RecoveredLog log) =>
        new(new RaftConfig(Key(1), VoterSet.OfIds(1, 2, 3)), stored, log, new Chance(1), nowMs: 0);

    private static ReplicaKey Key(int id) => new(new NodeId(id), new Uuid(7, (ulong)id));
}
