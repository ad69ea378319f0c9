using RaftLog.Client.Admin;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation.Cores;

/// <summary>Scenarios of coordinators on whole nodes, and of clients that speak the protocol themselves.</summary>
internal static class CoordinatorScenarios
{
    private const string Name = "story";
    private const short ByName = 9;
    private static readonly TopicPartition Orders = new(ScenarioCluster.Topic, 0);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public static void KIP_890_a_record_that_comes_after_its_transaction_has_ended_opens_none()
    {
        ScenarioCluster scenario = Stage();
        (Incarnation program, ProgramWorld world) = ProgramOf(scenario);
        TransactionSession? session = null;
        scenario.Tell(
            program,
            async () =>
            {
                session = await OpenAsync(world);
                session.Begin();
                Expect.True(await session.SendAsync(Orders, [(0, null)]));
                await session.EndAsync(commits: false);
            }
        );

        // The decision is told before its markers are there, and until then the transaction is open in the log.
        scenario.Tell(() => UntilAsync(scenario.Program.Time, () => IsStableAsync(scenario)));
        scenario.Tell(
            program,
            async () =>
            {
                // The next one in the order of its sequence numbers: nothing but the coordinator can tell that it is late.
                await session!.SendLateAsync(Orders);
                Expect.True(session.IsUsable, "the late record is rejected");
            }
        );
        scenario.Tell(async () => Expect.True(await IsStableAsync(scenario)));
    }

    public static void A_commit_of_offsets_is_told_only_when_it_would_outlive_its_coordinator()
    {
        ScenarioCluster scenario = Stage();
        (Incarnation program, ProgramWorld world) = ProgramOf(scenario);
        CoordinatorRequests coordinators = new(world);
        Task<bool> CommitAsync(long offset) => CommitOnceAsync(coordinators, offset);
        scenario.Tell(program, async () => await UntilAsync(world.Time, () => CommitAsync(1)));
        AloneWithoutFollowers(scenario, program, "__consumer_offsets", () => CommitAsync(2));
        scenario.Tell(program, async () => await UntilAsync(world.Time, () => CommitAsync(3)));
    }

    public static void The_end_of_a_transaction_is_told_only_when_it_would_outlive_its_coordinator()
    {
        ScenarioCluster scenario = Stage();
        (Incarnation program, ProgramWorld world) = ProgramOf(scenario);
        TransactionSession? session = null;
        scenario.Tell(
            program,
            async () =>
            {
                session = await OpenAsync(world);
                session.Begin();
                Expect.True(await session.SendAsync(Orders, [(0, null)]));
            }
        );
        AloneWithoutFollowers(scenario, program, "__transaction_state", () => session!.EndAsync(commits: true));
    }

    private static ScenarioCluster Stage()
    {
        ScenarioCluster scenario = new(
            ScenarioCluster.Quick(("offsets.topic.num.partitions", "1"), ("transaction.state.log.num.partitions", "1"))
        );
        scenario.Tell(scenario.CreateTopicAsync);
        scenario.Reach(() => scenario.Partition is { Isr.Count: 3 }, "all replicas are in sync");
        return scenario;
    }

    private static (Incarnation Program, ProgramWorld World) ProgramOf(ScenarioCluster scenario)
    {
        (Incarnation program, RawClient client) = scenario.Cluster.NewRawClient();
        return (
            program,
            new ProgramWorld(
                client,
                program.Time,
                () => scenario.Cluster.Scheduler.NowUs,
                new SimRandom(1).Split(Name),
                static (_, value) => BitConverter.GetBytes(value.Value)
            )
        );
    }

    /// <summary>
    /// While the followers of a coordinator's partition are held, what is asked of it is not told to be done. They are the other voters,
    /// too, so nobody takes them out of the in-sync set.
    /// </summary>
    private static void AloneWithoutFollowers(ScenarioCluster scenario, Incarnation program, string topic, Func<Task<bool>> ask)
    {
        scenario.Reach(() => scenario.PartitionOf(topic) is { Isr.Count: 3 }, $"all replicas of {topic} are in sync");
        List<SimMachine> followers = [.. scenario.Cluster.Machines.Where(each => each.Number != scenario.PartitionOf(topic)!.Leader.Value)];
        followers.ForEach(each => each.Pause());
        bool isReported = false;
        Task asked = ScenarioCluster.Begin(program, async () => isReported = await ask());
        scenario.RunFor(4);
        Expect.False(isReported, "told although no follower has it");
        followers.ForEach(each => each.Resume());
        scenario.Reach(() => asked.IsCompleted, "the request ends");
    }

    private static async Task<bool> IsStableAsync(ScenarioCluster scenario)
    {
        SortedDictionary<TopicPartition, OffsetSpec> end = new() { [Orders] = OffsetSpec.Latest };
        Offset committed = (await scenario.Client.Admin.ListOffsetsAsync(end))[Orders].Offset;
        return (await scenario.Client.Admin.ListOffsetsAsync(end, readCommitted: true))[Orders].Offset == committed
            && committed > Offset.Zero;
    }

    private static async Task<TransactionSession> OpenAsync(ProgramWorld world)
    {
        CoordinatorRequests coordinators = new(world);
        PartitionCalls leaders = new(world);
        TransactionLog log = new(1);
        TransactionSession? session = null;
        await UntilAsync(
            world.Time,
            async () =>
                (session = await TransactionSession.OpenAsync(world, coordinators, leaders, TransactionProtocol.First, log, Name, Timeout))
                    is not null
        );
        return session!;
    }

    private static async Task<bool> CommitOnceAsync(CoordinatorRequests coordinators, long offset)
    {
        OffsetCommitRequest request = new()
        {
            GroupId = Name,
            GenerationIdOrMemberEpoch = -1,
            Topics =
            [
                new()
                {
                    Name = Orders.Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = 0,
                            CommittedOffset = new Offset(offset),
                            CommittedMetadata = "",
                        },
                    ],
                },
            ],
        };
        return (
            await coordinators.CallAsync(
                CoordinatorKind.Group,
                Name,
                request,
                static response => response.Topics[0].Partitions[0].ErrorCode,
                ByName
            )
        ).IsDone;
    }

    private static async Task UntilAsync(TimeProvider time, Func<Task<bool>> goal)
    {
        while (!await goal())
        {
            await Task.Delay(Pause, time);
        }
    }
}
