using RaftLog.Client.Admin;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation.Cores;

/// <summary>Scenarios of coordinators on whole nodes, and of clients that speak the protocol themselves.</summary>
internal static class CoordinatorScenarios
{
    private const string Name = "story";
    private const short ByName = 9;
    private static readonly TopicPartition Orders = new(NodeStage.Topic, 0);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public static void KIP_890_a_record_that_comes_after_its_transaction_has_ended_opens_none()
    {
        NodeStage stage = Stage();
        (Incarnation program, ProgramWorld world) = ProgramOf(stage);
        TransactionSession? session = null;
        stage.Tell(
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
        stage.Tell(() => UntilAsync(stage.Program.Time, () => IsStableAsync(stage)));
        stage.Tell(
            program,
            async () =>
            {
                // The next one in the order of its sequence numbers: nothing but the coordinator can tell that it is late.
                await session!.SendLateAsync(Orders);
                Expect.True(session.IsUsable, "the late record is rejected");
            }
        );
        stage.Tell(async () => Expect.True(await IsStableAsync(stage)));
    }

    public static void A_commit_of_offsets_is_told_only_when_it_would_outlive_its_coordinator()
    {
        NodeStage stage = Stage();
        (Incarnation program, ProgramWorld world) = ProgramOf(stage);
        CoordinatorRequests coordinators = new(world);
        Task<bool> CommitAsync(long offset) => CommitOnceAsync(coordinators, offset);
        stage.Tell(program, async () => await UntilAsync(world.Time, () => CommitAsync(1)));
        AloneWithoutFollowers(stage, program, "__consumer_offsets", () => CommitAsync(2));
        stage.Tell(program, async () => await UntilAsync(world.Time, () => CommitAsync(3)));
    }

    public static void The_end_of_a_transaction_is_told_only_when_it_would_outlive_its_coordinator()
    {
        NodeStage stage = Stage();
        (Incarnation program, ProgramWorld world) = ProgramOf(stage);
        TransactionSession? session = null;
        stage.Tell(
            program,
            async () =>
            {
                session = await OpenAsync(world);
                session.Begin();
                Expect.True(await session.SendAsync(Orders, [(0, null)]));
            }
        );
        AloneWithoutFollowers(stage, program, "__transaction_state", () => session!.EndAsync(commits: true));
    }

    private static NodeStage Stage()
    {
        NodeStage stage = new(NodeStage.Quick(("offsets.topic.num.partitions", "1"), ("transaction.state.log.num.partitions", "1")));
        stage.Tell(stage.CreateTopicAsync);
        stage.Reach(() => stage.Partition is { Isr.Count: 3 }, "all replicas are in sync");
        return stage;
    }

    private static (Incarnation Program, ProgramWorld World) ProgramOf(NodeStage stage)
    {
        (Incarnation program, RawClient client) = stage.Cluster.NewRawClient();
        return (
            program,
            new ProgramWorld(
                client,
                program.Time,
                () => stage.Cluster.Scheduler.NowUs,
                new SimRandom(1).Split(Name),
                static (_, value) => BitConverter.GetBytes(value.Value)
            )
        );
    }

    /// <summary>
    /// While the followers of a coordinator's partition are held, what is asked of it is not told to be done. They are the other voters,
    /// too, so nobody takes them out of the in-sync set.
    /// </summary>
    private static void AloneWithoutFollowers(NodeStage stage, Incarnation program, string topic, Func<Task<bool>> ask)
    {
        stage.Reach(() => stage.PartitionOf(topic) is { Isr.Count: 3 }, $"all replicas of {topic} are in sync");
        List<SimMachine> followers = [.. stage.Cluster.Machines.Where(each => each.Number != stage.PartitionOf(topic)!.Leader.Value)];
        followers.ForEach(each => each.Pause());
        bool isReported = false;
        Task asked = NodeStage.Begin(program, async () => isReported = await ask());
        stage.RunFor(4);
        Expect.False(isReported, "told although no follower has it");
        followers.ForEach(each => each.Resume());
        stage.Reach(() => asked.IsCompleted, "the request ends");
    }

    private static async Task<bool> IsStableAsync(NodeStage stage)
    {
        SortedDictionary<TopicPartition, OffsetSpec> end = new() { [Orders] = OffsetSpec.Latest };
        Offset committed = (await stage.Client.Admin.ListOffsetsAsync(end))[Orders].Offset;
        return (await stage.Client.Admin.ListOffsetsAsync(end, readCommitted: true))[Orders].Offset == committed && committed > Offset.Zero;
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
