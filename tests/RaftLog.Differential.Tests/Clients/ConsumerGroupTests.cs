using System.Text;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Client.Groups.Assignors;
using RaftLog.Client.Produce;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;

namespace RaftLog.Differential.Tests.Clients;

/// <summary>Groups of the .NET client with Apache Kafka's coordinator and with RaftLog's: what a group promises its members.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class ConsumerGroupTests(BothNodes nodes)
{
    [KafkaTheory]
    [InlineData(true, GroupProtocol.Classic)]
    [InlineData(true, GroupProtocol.Consumer)]
    [InlineData(false, GroupProtocol.Classic)]
    [InlineData(false, GroupProtocol.Consumer)]
    public async Task Members_share_a_topic_and_the_last_one_gets_all_of_it(bool isKafka, GroupProtocol protocol)
    {
        using KafkaCluster cluster = Connect(isKafka);
        string topic = await CreateAsync(cluster, partitions: 6);
        await ProduceAsync(cluster, topic, 0, 60);
        await using GroupReader first = new(cluster, topic, "share", options => options with { GroupProtocol = protocol });
        await first.UntilAsync(() => first.Assigned.Count == 6 && first.Values.Count == 60);

        await using GroupReader second = new(cluster, topic, "share", options => options with { GroupProtocol = protocol });
        await second.UntilAsync(() => first.Assigned.Count == 3 && second.Assigned.Count == 3);
        await ProduceAsync(cluster, topic, 60, 60);
        await second.UntilAsync(() => first.Values.Count + second.Values.Count == 120);
        await first.CloseAsync();
        await second.UntilAsync(() => second.Assigned.Count == 6);
        await ProduceAsync(cluster, topic, 120, 60);
        await second.UntilAsync(() => first.Values.Count + second.Values.Count >= 180);
        await second.CloseAsync();

        // What was committed on the way out is read by nobody again.
        Assert.Equal(Enumerable.Range(0, 180), first.Values.Concat(second.Values).Order());
        await using GroupReader third = new(cluster, topic, "share", options => options with { GroupProtocol = protocol });
        await third.UntilAsync(() => third.Assigned.Count == 6);
        await ProduceAsync(cluster, topic, 180, 1);
        await third.UntilAsync(() => third.Values.Count > 0);
        Assert.Equal([180], third.Values);
    }

    [KafkaTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cooperative_members_give_up_only_what_moves_and_no_partition_has_two_owners(bool isKafka)
    {
        using KafkaCluster cluster = Connect(isKafka);
        string topic = await CreateAsync(cluster, partitions: 6);
        List<GroupReader> members = [];
        for (int count = 1; count <= 3; count++)
        {
            members.Add(
                new GroupReader(
                    cluster,
                    topic,
                    "cooperative",
                    options => options with { Assignors = [PartitionAssignors.CooperativeSticky] }
                )
            );
            int each = 6 / count;
            await members[^1]
                .UntilAsync(() =>
                {
                    List<TopicPartition> owned = [.. members.SelectMany(member => member.Assigned)];
                    Assert.Equal(owned.Count, owned.Distinct().Count());
                    return members.TrueForAll(member => member.Assigned.Count == each);
                });
        }

        // The first had six and gave up three, and then one: nothing was taken from it and given back.
        Assert.Equal(4, members[0].Revoked.Count);
        Assert.All(members, member => Assert.Empty(member.Lost));
        foreach (GroupReader member in members)
        {
            await member.CloseAsync();
        }
    }

    [KafkaTheory]
    [InlineData(true, GroupProtocol.Classic)]
    [InlineData(true, GroupProtocol.Consumer)]
    [InlineData(false, GroupProtocol.Classic)]
    [InlineData(false, GroupProtocol.Consumer)]
    public async Task A_static_member_that_comes_back_in_time_keeps_its_partitions_and_disturbs_nobody(bool isKafka, GroupProtocol protocol)
    {
        using KafkaCluster cluster = Connect(isKafka);
        string topic = await CreateAsync(cluster, partitions: 4);
        await using GroupReader other = new(
            cluster,
            topic,
            "static",
            options => options with { GroupProtocol = protocol, GroupInstanceId = "a" }
        );
        GroupReader first = new(cluster, topic, "static", options => options with { GroupProtocol = protocol, GroupInstanceId = "b" });
        await other.UntilAsync(() => other.Assigned.Count == 2 && first.Assigned.Count == 2);
        List<TopicPartition> had = [.. first.Assigned];
        int revoked = other.Revoked.Count;

        await first.CloseAsync();
        await using GroupReader again = new(
            cluster,
            topic,
            "static",
            options => options with { GroupProtocol = protocol, GroupInstanceId = "b" }
        );
        await again.UntilAsync(() => again.Assigned.Count == 2);

        Assert.Equal(had, again.Assigned);
        Assert.Equal(revoked, other.Revoked.Count);
    }

    [KafkaTheory]
    [InlineData(true, GroupProtocol.Classic)]
    [InlineData(true, GroupProtocol.Consumer)]
    [InlineData(false, GroupProtocol.Classic)]
    [InlineData(false, GroupProtocol.Consumer)]
    public async Task A_reader_that_does_not_come_back_leaves_its_partitions_to_the_others_and_hears_of_it(
        bool isKafka,
        GroupProtocol protocol
    )
    {
        using KafkaCluster cluster = Connect(isKafka);
        string topic = await CreateAsync(cluster, partitions: 2);
        await using GroupReader stuck = new(
            cluster,
            topic,
            "stuck",
            options => options with { GroupProtocol = protocol, MaxPollInterval = TimeSpan.FromSeconds(7) }
        );
        await stuck.UntilAsync(() => stuck.Assigned.Count == 2);

        stuck.Hold();
        await using GroupReader other = new(
            cluster,
            topic,
            "stuck",
            options => options with { GroupProtocol = protocol, MaxPollInterval = TimeSpan.FromSeconds(7) }
        );
        await other.UntilAsync(() => other.Assigned.Count == 2);
        await stuck.GoOnAsync();

        await stuck.UntilAsync(() => stuck.Lost.Count == 2 && stuck.Assigned.Count == 1 && other.Assigned.Count == 1);
    }

    [KafkaTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Signs_of_life_go_on_while_the_reader_works_longer_than_the_session(bool isKafka)
    {
        using KafkaCluster cluster = Connect(isKafka);
        string topic = await CreateAsync(cluster, partitions: 2);
        await using GroupReader busy = new(
            cluster,
            topic,
            "busy",
            options => options with { SessionTimeout = TimeSpan.FromSeconds(6), HeartbeatInterval = TimeSpan.FromSeconds(1) }
        );
        await busy.UntilAsync(() => busy.Assigned.Count == 2);

        busy.Hold();
        await Task.Delay(TimeSpan.FromSeconds(9));
        await busy.GoOnAsync();
        await ProduceAsync(cluster, topic, 0, 10);
        await busy.UntilAsync(() => busy.Values.Count == 10);

        Assert.Empty(busy.Lost);
        Assert.Empty(busy.Revoked);
    }

    [KafkaTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_consumer_of_given_partitions_commits_and_reads_back_for_a_group(bool isKafka)
    {
        using KafkaCluster cluster = Connect(isKafka);
        string topic = await CreateAsync(cluster, partitions: 1);
        await ProduceAsync(cluster, topic, 0, 10);
        TopicPartition partition = new(topic, 0);
        using Consumer consumer = cluster.CreateConsumer(new ConsumerOptions { GroupId = $"given-{topic}" });
        Assert.Equal(Offset.None, (await consumer.CommittedAsync([partition]))[partition]);

        consumer.Assign(partition, StartAt.Beginning);
        await foreach (ConsumedRecord record in consumer.ConsumeAsync())
        {
            if (record.Offset == new Offset(4))
            {
                await consumer.CommitAsync();
                break;
            }
        }

        // The record that the loop was left at does not count as read.
        Assert.Equal(new Offset(4), (await consumer.CommittedAsync([partition]))[partition]);
        await foreach (ConsumedRecord record in consumer.ConsumeAsync())
        {
            Assert.Equal(new Offset(4), record.Offset);
            break;
        }
    }

    private KafkaCluster Connect(bool isKafka) =>
        new(
            new ClientOptions { BootstrapServers = ClientOptions.ParseServers($"127.0.0.1:{(isKafka ? nodes.Kafka : nodes.Subject).Port}") }
        );

    private static async Task<string> CreateAsync(KafkaCluster cluster, int partitions)
    {
        string topic = $"group-{Guid.NewGuid():N}";
        (await cluster.Admin.CreateTopicsAsync([new NewTopic(topic, partitions, 1)]))[0].ThrowIfFailed();
        return topic;
    }

    private static async Task ProduceAsync(KafkaCluster cluster, string topic, int first, int count)
    {
        await using Producer producer = cluster.CreateProducer();
        for (int i = first; i < first + count; i++)
        {
            _ = producer.ProduceAsync(topic, new ProducerRecord(Encoding.ASCII.GetBytes($"{i}"), Encoding.ASCII.GetBytes($"{i}")));
        }

        await producer.FlushAsync();
    }
}
