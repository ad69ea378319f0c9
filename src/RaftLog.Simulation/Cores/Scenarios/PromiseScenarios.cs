using System.Text;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// Scenarios that lead straight to a promise which seeds come to by chance: how soon who is gone is fenced, how long a deposed controller
/// acts, how soon a broker knows what is committed, where a repeated batch stands, where an epoch ends.
/// </summary>
internal static class PromiseScenarios
{
    private const short WithNames = 12;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public static void A_broker_whose_power_is_gone_is_fenced_when_its_session_is_over()
    {
        ScenarioCluster scenario = new(ScenarioCluster.Quick());
        scenario.Tell(scenario.CreateTopicAsync);
        scenario.RunFor(1);
        SimMachine leader = LeaderOfQuorum(scenario);
        SimMachine gone = scenario.Cluster.Machines.First(each => each != leader);
        gone.LosePower();
        scenario.RunFor(6);
        Expect.True(leader.Node!.Image.Brokers[new NodeId(gone.Number)].Fenced, "it is fenced");
        Expect.True(scenario.Watch!.Timely.FenceChecks > 0, "the check has looked at it");
    }

    public static void A_deposed_controller_that_one_broker_still_reaches_accepts_its_heartbeats_no_longer_than_its_bound()
    {
        ScenarioCluster scenario = Apart();
        SimMachine leader = LeaderOfQuorum(scenario);
        SimMachine broker = scenario.Cluster.Machine(5);
        foreach (SimMachine other in scenario.Cluster.Machines.Where(each => each != leader && each != broker))
        {
            CutBoth(scenario, leader, other);
            CutBoth(scenario, broker, other);
        }

        scenario.RunFor(10);
        Expect.True(scenario.Cluster.Voters.Any(each => each != leader && each.Node!.QuorumLeader == each.Node.Id), "another leads");
        scenario.Cluster.Network.HealAll();
        scenario.Reach(() => IsUnfenced(scenario, broker), "the broker is back");
    }

    public static void A_broker_that_comes_back_while_a_voter_is_gone_soon_knows_what_was_committed()
    {
        for (int seconds = 2; seconds <= 5; seconds++)
        {
            ScenarioCluster scenario = Apart();
            SimMachine leader = LeaderOfQuorum(scenario);
            SimMachine broker = scenario.Cluster.Machine(5);
            foreach (SimMachine voter in scenario.Cluster.Voters)
            {
                CutBoth(scenario, broker, voter);
            }

            leader.LosePower();
            scenario.RunFor(seconds);
            scenario.Cluster.Network.HealAll();
            scenario.RunFor(8);
            Expect.True(scenario.Watch!.Timely.SearchChecks > 0, "one that could not reach all voters was looked at");
            Expect.True(IsUnfenced(scenario, broker), $"after {seconds} s the broker is back");
        }
    }

    public static void A_repeated_batch_is_acknowledged_at_the_place_of_its_first_copy()
    {
        ScenarioCluster scenario = new(ScenarioCluster.Quick());
        scenario.Tell(scenario.CreateTopicAsync);
        scenario.Reach(() => scenario.Partition is { Isr.Count: 3, HasLeader: true }, "all are in sync");
        (Incarnation program, RawClient client) = scenario.Cluster.NewRawClient();
        scenario.Tell(
            program,
            async () =>
            {
                Offset first = await SendAsync(client, scenario.Partition!.Leader, sequence: 0);
                await SendAsync(client, scenario.Partition.Leader, sequence: 1);
                Expect.Equal(first, await SendAsync(client, scenario.Partition.Leader, sequence: 0));
            }
        );
    }

    public static void An_epoch_in_which_a_log_begins_ends_where_its_last_batch_does()
    {
        LogTopic topic = new(LogTopic.Retained, [new("cleanup.policy", "delete")]);
        TopicPartition partition = new(topic.Name, 0);
        ScenarioCluster scenario = new(ScenarioCluster.Quick() with { Retained = topic });
        scenario.Tell(async () =>
        {
            await scenario.CreateTopicAsync();
            await scenario.Client.Admin.CreateTopicsAsync([new NewTopic(topic.Name, 1, 3) { Configs = topic.Configs }]);
            await WriteAsync(scenario, topic, records: 4);
        });
        SimMachine first = scenario.Cluster.Machine(scenario.PartitionOf(topic.Name)!.Leader.Value);
        first.Kill();
        scenario.Reach(
            () => scenario.PartitionOf(topic.Name) is { HasLeader: true } led && led.Leader.Value != first.Number,
            "another leads"
        );
        first.Start();
        scenario.Tell(async () =>
        {
            await WriteAsync(scenario, topic, records: 2);
            await scenario.Client.Admin.DeleteRecordsAsync(new SortedDictionary<TopicPartition, Offset> { [partition] = new Offset(2) });
        });
        (Incarnation program, RawClient client) = scenario.Cluster.NewRawClient();
        scenario.Tell(
            program,
            async () =>
                Expect.Equal(
                    new Offset(4),
                    await EndOfFirstEpochAsync(client, scenario.PartitionOf(topic.Name)!.Leader, partition, from: new Offset(5))
                )
        );
        Expect.True(scenario.Watch!.Derived.RetainedChecks > 0, "the check has looked at it");
    }

    /// <summary>Three controllers and two brokers on machines of their own, all ready.</summary>
    private static ScenarioCluster Apart()
    {
        ScenarioCluster scenario = new(ScenarioCluster.Quick() with { Nodes = 5, Voters = 3, Brokers = 2, Replicas = 2 });
        scenario.Tell(() => scenario.CreateTopicAsync(ScenarioCluster.Topic, replicas: 2));
        scenario.Reach(() => scenario.Partition is { Isr.Count: 2 }, "both brokers are in sync");
        scenario.RunFor(1);
        return scenario;
    }

    private static SimMachine LeaderOfQuorum(ScenarioCluster scenario) =>
        scenario.Cluster.Voters.First(static each => each.Node!.QuorumLeader == each.Node.Id);

    private static bool IsUnfenced(ScenarioCluster scenario, SimMachine broker) =>
        scenario.Cluster.Voters.Any(each =>
            each.IsUp && each.Node!.QuorumLeader == each.Node.Id && each.Node.Image.Brokers[new NodeId(broker.Number)] is { Fenced: false }
        );

    private static void CutBoth(ScenarioCluster scenario, SimMachine one, SimMachine other)
    {
        scenario.Cluster.Network.Cut(one.Name, other.Name);
        scenario.Cluster.Network.Cut(other.Name, one.Name);
    }

    private static async Task WriteAsync(ScenarioCluster scenario, LogTopic topic, int records)
    {
        Client.Produce.Producer producer = scenario.Client.CreateProducer(new Client.Produce.ProducerOptions());
        for (int i = 0; i < records; i++)
        {
            await producer.ProduceAsync(
                topic.Name,
                new Client.Produce.ProducerRecord(null, Encoding.UTF8.GetBytes($"{i}")) { Partition = 0 }
            );
        }
    }

    /// <summary>Sends one record of a producer; the offset that it was acknowledged at.</summary>
    private static async Task<Offset> SendAsync(RawClient client, NodeId leader, int sequence)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions(1 << 10, CompressionType.None));
        builder.Producer = new ProducerStamp(new ProducerId(4711), new ProducerEpoch(0), sequence);
        Expect.True(builder.TryAppend(ScenarioLog.WallMs, NullableBytes.Null, Encoding.UTF8.GetBytes($"{sequence}")));
        ProduceRequest.TopicProduceData data = new() { Name = ScenarioCluster.Topic };
        data.PartitionData.Add(new() { Index = 0, Records = builder.Seal().ToArray() });
        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = (int)Limit.TotalMilliseconds,
            TopicData = [data],
        };
        RpcResult<ProduceResponse> result = await client.CallAsync(leader, request, Limit, WithNames);
        Expect.True(result.TryGet(out ProduceResponse? response), "there is a response");
        ProduceResponse.PartitionProduceResponse there = response!.Responses[0].PartitionResponses[0];
        Expect.Equal(ErrorCode.None, there.ErrorCode);
        return there.BaseOffset;
    }

    /// <summary>Where a leader says that epoch 0 ends, asked by a reader that believes to be beyond.</summary>
    private static async Task<Offset> EndOfFirstEpochAsync(RawClient client, NodeId leader, TopicPartition partition, Offset from)
    {
        FetchRequest.FetchTopic topic = new() { Topic = partition.Topic };
        topic.Partitions.Add(
            new()
            {
                Partition = partition.Partition,
                FetchOffset = from,
                LastFetchedEpoch = LeaderEpoch.Zero,
                PartitionMaxBytes = 1 << 20,
            }
        );
        FetchRequest request = new()
        {
            ReplicaId = NodeId.None,
            MinBytes = 1,
            MaxBytes = 1 << 20,
            Topics = [topic],
        };
        RpcResult<FetchResponse> result = await client.CallAsync(leader, request, Limit, WithNames);
        Expect.True(result.TryGet(out FetchResponse? response), "there is a response");
        return response!.Responses[0].Partitions[0].DivergingEpoch.EndOffset;
    }
}
