using System.Text;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Client.Groups.Assignors;
using RaftLog.Client.Produce;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Roles;
using RaftLog.Interop.Tests.Tools;
using RaftLog.Protocol;

namespace RaftLog.Interop.Tests;

/// <summary>Groups of which one member is RaftLog.Client's and another librdkafka's, kafkajs' or of Kafka's Java client.</summary>
public sealed class MixedGroupTests
{
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["group.initial.rebalance.delay.ms"] = "0",
        ["group.consumer.heartbeat.interval.ms"] = "500",
    };

    [Theory]
    [InlineData("classic", GroupProtocol.Classic)]
    [InlineData("consumer", GroupProtocol.Consumer)]
    [InlineData("consumer", GroupProtocol.Classic)]
    public async Task Our_member_and_librdkafkas_share_a_topic_and_no_record_is_read_twice(string theirs, GroupProtocol ours)
    {
        using Cluster nodes = await Cluster.StartAsync(1, Settings);
        await nodes.WatchAsync(cluster => ShareAsync(cluster, RoleClient.Confluent(theirs, isStatic: false), ours));
    }

    [KafkaToolsTheory]
    [InlineData("classic", GroupProtocol.Classic)]
    [InlineData("consumer", GroupProtocol.Consumer)]
    [InlineData("consumer", GroupProtocol.Classic)]
    [InlineData("classic", GroupProtocol.Consumer)]
    public async Task Our_member_and_one_of_the_Java_client_share_a_topic_and_no_record_is_read_twice(string theirs, GroupProtocol ours)
    {
        using Cluster nodes = await Cluster.StartAsync(1, Settings);
        await nodes.WatchAsync(cluster => ShareAsync(cluster, RoleClient.JavaMember(theirs), ours));
    }

    [KafkaJsFact]
    public async Task Our_member_and_kafkajs_share_a_topic_and_no_record_is_read_twice()
    {
        using Cluster nodes = await Cluster.StartAsync(1, Settings);
        await nodes.WatchAsync(cluster =>
            ShareAsync(cluster, RoleClient.KafkaJs, GroupProtocol.Classic, new NamedAssignor("RoundRobinAssigner"))
        );
    }

    [KafkaJsWithKafkaFact]
    public async Task Our_member_librdkafka_kafkajs_and_the_Java_client_rebalance_together_and_every_record_is_seen()
    {
        using Cluster nodes = await Cluster.StartAsync(1, Settings);
        await nodes.WatchAsync(async cluster =>
        {
            using KafkaCluster client = new(new ClientOptions { BootstrapServers = ClientOptions.ParseServers(cluster.Bootstrap) });
            (await client.Admin.CreateTopicsAsync([new NewTopic("t", 8, 1)]))[0].ThrowIfFailed();
            await using GroupReader own = new(client, "t", "all", options => options with { Assignors = [PartitionAssignors.Range] });
            await own.UntilAsync(() => own.Assigned.Count == 8);
            await ProduceAsync(client, 0, 80);

            using Command confluent = RoleClient.Confluent("range", isStatic: false).Member(cluster, "all-t", "t", "");
            using Command java = RoleClient.JavaMember("range").Member(cluster, "all-t", "t", "");
            using Command kafkaJs = RoleClient.KafkaJsByRange.Member(cluster, "all-t", "t", "");
            await UntilMembersAsync(client, 4);
            await own.UntilAsync(() => own.Assigned.Count == 2);
            await ProduceAsync(client, 80, 800);
            Command[] others = [confluent, java, kafkaJs];
            await Poll.UntilAsync("all are seen", () => Seen(own, others).Count == 880);
            Assert.All(others, static each => Assert.NotEqual(0, SeenRecords.CountPlaces(each)));

            // One dies, one leaves: the others take over.
            confluent.Send(TestKit.Signal.Kill);
            java.Send(TestKit.Signal.Terminate);
            (await java.EndAsync()).Succeeded();
            await UntilMembersAsync(client, 2);
            await ProduceAsync(client, 880, 400);
            await Poll.UntilAsync("all are seen again", () => Seen(own, others).Count == 1280);
            kafkaJs.Send(TestKit.Signal.Terminate);
            (await kafkaJs.EndAsync()).Succeeded();
            Assert.Equal(Enumerable.Range(0, 1280), Seen(own, others).Order());
        });
    }

    private static HashSet<int> Seen(GroupReader own, Command[] others) =>
        [.. own.Values, .. SeenRecords.Of(others).Select(static record => record.Value)];

    private static Task UntilMembersAsync(KafkaCluster client, int count) =>
        Poll.UntilAsync(
            $"the group has {count} members and is stable",
            async () => await client.Admin.Groups.DescribeAsync("all-t") is { State: "Stable" } group && group.Members.Count == count
        );

    private static async Task ShareAsync(Cluster cluster, RoleClient theirs, GroupProtocol ours, IPartitionAssignor? assignor = null)
    {
        using KafkaCluster client = new(new ClientOptions { BootstrapServers = ClientOptions.ParseServers(cluster.Bootstrap) });
        (await client.Admin.CreateTopicsAsync([new NewTopic("t", 6, 1)]))[0].ThrowIfFailed();
        await using GroupReader own = new(
            client,
            "t",
            "mixed",
            options => options with { GroupProtocol = ours, Assignors = [assignor ?? PartitionAssignors.CooperativeSticky] }
        );
        await own.UntilAsync(() => own.Assigned.Count == 6);
        await ProduceAsync(client, 0, 60);
        await own.UntilAsync(() => own.Values.Count == 60);

        using Command other = theirs.Member(cluster, "mixed-t", "t", "");
        await own.UntilAsync(() => own.Assigned.Count == 3);
        await ProduceAsync(client, 60, 60);
        await own.UntilAsync(() => own.Values.Count + SeenRecords.CountPlaces(other) == 120);
        other.Send(TestKit.Signal.Terminate);
        (await other.EndAsync()).Succeeded();
        await own.UntilAsync(() => own.Assigned.Count == 6);
        await ProduceAsync(client, 120, 60);
        await own.UntilAsync(() => own.Values.Count + SeenRecords.CountPlaces(other) >= 180);

        Assert.Equal(Enumerable.Range(0, 180), own.Values.Concat(SeenRecords.Of(other).Select(record => record.Value)).Order());
        Assert.Empty(own.Lost);
    }

    /// <summary>Kafka's round robin under the name that kafkajs has for its own.</summary>
    private sealed class NamedAssignor(string name) : IPartitionAssignor
    {
        public string Name => name;

        public bool IsCooperative => false;

        public SortedDictionary<string, List<TopicPartition>> Assign(
            IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyList<string>>> topics,
            IReadOnlyList<GroupSubscription> members
        ) => PartitionAssignors.RoundRobin.Assign(topics, members);
    }

    private static async Task ProduceAsync(KafkaCluster client, int first, int count)
    {
        await using Producer producer = client.CreateProducer();
        for (int i = first; i < first + count; i++)
        {
            _ = producer.ProduceAsync("t", new ProducerRecord(Encoding.ASCII.GetBytes($"k{i % 100}"), Encoding.ASCII.GetBytes($"{i}")));
        }

        await producer.FlushAsync();
    }
}
