using System.Text.RegularExpressions;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Protocol;
using static RaftLog.Testing.Tests.EmbeddedClusterTests;

namespace RaftLog.Testing.Tests;

/// <summary>Groups of the .NET client at RaftLog's coordinator, by both protocols.</summary>
[Trait("Category", "Slow")]
public class GroupTests
{
    [Theory]
    [InlineData(GroupProtocol.Classic)]
    [InlineData(GroupProtocol.Consumer)]
    public async Task Members_share_a_topic_and_what_one_has_committed_nobody_reads_again(GroupProtocol protocol)
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await CreateAsync(cluster.Client, "t", partitions: 6);
        await ProduceAsync(cluster.Client, "t", 0, 60);
        await using GroupReader first = Join(cluster, "t", protocol);
        await first.UntilAsync(() => first.Assigned.Count == 6 && first.Values.Count == 60);

        await using GroupReader second = Join(cluster, "t", protocol);
        await second.UntilAsync(() => first.Assigned.Count == 3 && second.Assigned.Count == 3);
        await ProduceAsync(cluster.Client, "t", 60, 60);
        await second.UntilAsync(() => first.Values.Count + second.Values.Count == 120);
        await using GroupReader third = Join(cluster, "t", protocol);
        await third.UntilAsync(() => first.Assigned.Count == 2 && second.Assigned.Count == 2 && third.Assigned.Count == 2);
        await first.CloseAsync();
        await third.UntilAsync(() => second.Assigned.Count == 3 && third.Assigned.Count == 3);
        await ProduceAsync(cluster.Client, "t", 120, 60);
        await third.UntilAsync(() => first.Values.Count + second.Values.Count + third.Values.Count >= 180);

        Assert.Equal(Enumerable.Range(0, 180), first.Values.Concat(second.Values).Concat(third.Values).Order());
        Assert.Empty(first.Lost.Concat(second.Lost).Concat(third.Lost));
    }

    [Theory]
    [InlineData(GroupProtocol.Classic)]
    [InlineData(GroupProtocol.Consumer)]
    public async Task A_member_that_dies_leaves_its_partitions_to_the_others_when_its_session_ends(GroupProtocol protocol)
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await CreateAsync(cluster.Client, "t", partitions: 4);
        await using GroupReader first = Join(cluster, "t", protocol);
        await using GroupReader second = Join(cluster, "t", protocol);
        await second.UntilAsync(() => first.Assigned.Count == 2 && second.Assigned.Count == 2);

        await first.DieAsync();

        await second.UntilAsync(() => second.Assigned.Count == 4);
    }

    [Theory]
    [InlineData(GroupProtocol.Classic)]
    [InlineData(GroupProtocol.Consumer)]
    public async Task A_reader_that_stays_away_loses_its_partitions_and_joins_again(GroupProtocol protocol)
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await CreateAsync(cluster.Client, "t", partitions: 2);
        TimeSpan soon = TimeSpan.FromSeconds(2);
        await using GroupReader stuck = Join(cluster, "t", protocol, options => options with { MaxPollInterval = soon });
        await stuck.UntilAsync(() => stuck.Assigned.Count == 2);

        stuck.Hold();
        await using GroupReader other = Join(cluster, "t", protocol, options => options with { MaxPollInterval = soon });
        await other.UntilAsync(() => other.Assigned.Count == 2);
        await Assert.ThrowsAsync<KafkaException>(async () =>
            await stuck.Consumer.CommitAsync(new Dictionary<TopicPartition, Offset> { [new TopicPartition("t", 0)] = new(0) })
        );
        await stuck.GoOnAsync();

        await stuck.UntilAsync(() => stuck.Lost.Count == 2 && stuck.Assigned.Count == 1 && other.Assigned.Count == 1);
    }

    [Theory]
    [InlineData(GroupProtocol.Classic)]
    [InlineData(GroupProtocol.Consumer)]
    public async Task A_static_member_that_comes_back_in_time_keeps_its_partitions_and_disturbs_nobody(GroupProtocol protocol)
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await CreateAsync(cluster.Client, "t", partitions: 4);
        await using GroupReader other = Join(cluster, "t", protocol, options => options with { GroupInstanceId = "a" });
        GroupReader first = Join(cluster, "t", protocol, options => options with { GroupInstanceId = "b" });
        await other.UntilAsync(() => other.Assigned.Count == 2 && first.Assigned.Count == 2);
        List<TopicPartition> had = [.. first.Assigned];
        int revoked = other.Revoked.Count;

        await first.CloseAsync();
        await using GroupReader again = Join(cluster, "t", protocol, options => options with { GroupInstanceId = "b" });
        await again.UntilAsync(() => again.Assigned.Count == 2);

        Assert.Equal(had, again.Assigned);
        Assert.Equal(revoked, other.Revoked.Count);
    }

    [Fact]
    public async Task A_static_member_waits_for_the_name_of_one_that_died()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await CreateAsync(cluster.Client, "t", partitions: 2);
        await using GroupReader first = Join(cluster, "t", GroupProtocol.Consumer, options => options with { GroupInstanceId = "a" });
        await first.UntilAsync(() => first.Assigned.Count == 2);
        await first.DieAsync();

        await using GroupReader again = Join(cluster, "t", GroupProtocol.Consumer, options => options with { GroupInstanceId = "a" });

        await again.UntilAsync(() => again.Assigned.Count == 2);
    }

    [Theory]
    [InlineData(GroupProtocol.Classic)]
    [InlineData(GroupProtocol.Consumer)]
    public async Task Members_go_on_when_the_coordinator_is_killed(GroupProtocol protocol)
    {
        await using EmbeddedCluster cluster = await StartAsync(nodes: 3);
        await CreateAsync(cluster.Client, "t", partitions: 4);
        await using GroupReader first = Join(cluster, "t", protocol);
        await using GroupReader second = Join(cluster, "t", protocol);
        await second.UntilAsync(() => first.Assigned.Count == 2 && second.Assigned.Count == 2);
        TopicPartition group = new("__consumer_offsets", 0);
        NodeId coordinator = (await cluster.Client.Admin.DescribeTopicsAsync([group.Topic]))[0].Partitions[0].Leader;

        await cluster.KillNodeAsync(coordinator.Value);
        await ProduceAsync(cluster.Client, "t", 0, 40);
        await second.UntilAsync(() => first.Values.Concat(second.Values).Distinct().Count() == 40);
        await using GroupReader third = Join(cluster, "t", protocol);

        await third.UntilAsync(() => third.Assigned.Count > 0 && first.Assigned.Count + second.Assigned.Count + third.Assigned.Count == 4);
    }

    [Fact]
    public async Task A_topic_that_is_made_anew_is_read_from_its_beginning_by_the_consumer_protocol()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await CreateAsync(cluster.Client, "t", partitions: 1);
        await ProduceAsync(cluster.Client, "t", 0, 10);
        await using GroupReader reader = Join(cluster, "t", GroupProtocol.Consumer);
        await reader.UntilAsync(() => reader.Values.Count == 10);

        (await cluster.Client.Admin.DeleteTopicsAsync(["t"]))[0].ThrowIfFailed();
        await CreateAsync(cluster.Client, "t", partitions: 2);
        await ProduceAsync(cluster.Client, "t", 10, 20);

        await reader.UntilAsync(() => reader.Values.Count == 30);
        Assert.Equal(Enumerable.Range(0, 30), reader.Values.Order());
    }

    [Theory]
    [InlineData(GroupProtocol.Classic)]
    [InlineData(GroupProtocol.Consumer)]
    public async Task Topics_that_match_are_read_also_when_they_are_made_later(GroupProtocol protocol)
    {
        await using EmbeddedCluster cluster = await StartAsync();
        KafkaCluster client = cluster.Connect(options => options with { MetadataMaxAge = TimeSpan.FromSeconds(1) });
        await CreateAsync(client, "orders-a", partitions: 1);
        await CreateAsync(client, "other", partitions: 1);
        await ProduceAsync(client, "other", 100, 5);
        await using GroupReader reader = new(
            client,
            "x",
            "match",
            Quick(protocol, null),
            (consumer, listener) => consumer.Subscribe(new Regex("^orders-"), listener)
        );
        await reader.UntilAsync(() => reader.Assigned.Count == 1);

        await CreateAsync(client, "orders-b", partitions: 2);
        await reader.UntilAsync(() => reader.Assigned.Count == 3);
        await ProduceAsync(client, "orders-b", 0, 10);

        await reader.UntilAsync(() => reader.Values.Count == 10);
        Assert.DoesNotContain(reader.Values, value => value >= 100);
    }

    /// <summary>Of a member that does not lead: the leader looks at its own subscription each time it beats.</summary>
    [Fact]
    public async Task A_subscription_that_changes_while_the_member_joins_takes_effect()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await CreateAsync(cluster.Client, "t", partitions: 2);
        await CreateAsync(cluster.Client, "u", partitions: 1);
        await using GroupReader leader = Join(cluster, "t", GroupProtocol.Classic);
        await leader.UntilAsync(() => leader.Assigned.Count == 2);
        leader.Hold();
        await using GroupReader other = Join(cluster, "t", GroupProtocol.Classic);
        await UntilStateAsync(cluster, "PreparingRebalance");

        other.Consumer.Subscribe(["u"], other);
        await leader.GoOnAsync();

        await other.UntilAsync(() => other.Assigned is [{ Topic: "u" }]);
    }

    [Theory]
    [InlineData(GroupProtocol.Classic)]
    [InlineData(GroupProtocol.Consumer)]
    public async Task A_member_that_has_left_its_group_commits_nothing_though_nobody_else_is_in_it(GroupProtocol protocol)
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await CreateAsync(cluster.Client, "t", partitions: 1);
        await using GroupReader stuck = Join(cluster, "t", protocol, options => options with { MaxPollInterval = TimeSpan.FromSeconds(2) });
        await stuck.UntilAsync(() => stuck.Assigned.Count == 1);
        stuck.Hold();
        await UntilStateAsync(cluster, "Empty");

        await Assert.ThrowsAsync<KafkaException>(async () =>
            await stuck.Consumer.CommitAsync(new Dictionary<TopicPartition, Offset> { [new TopicPartition("t", 0)] = new(0) })
        );

        await stuck.GoOnAsync();
        await stuck.UntilAsync(() => stuck.Assigned.Count == 1);
    }

    [Fact]
    public async Task The_coordinator_matches_expressions_in_the_consumer_protocol_and_says_which_it_cannot_read()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        KafkaCluster client = cluster.Client;
        await CreateAsync(client, "orders-a", partitions: 2);
        await CreateAsync(client, "my-orders-a", partitions: 1);
        await using GroupReader reader = new(
            client,
            "x",
            "match",
            Quick(GroupProtocol.Consumer, null),
            (consumer, listener) => consumer.SubscribePattern("orders-.*", listener)
        );
        await reader.UntilAsync(() => reader.Assigned.Count == 2);
        reader.Consumer.Subscribe(["my-orders-a"], reader);
        await reader.UntilAsync(() => reader.Assigned is [{ Topic: "my-orders-a" }]);

        await using Consumer wrong = client.CreateConsumer(
            new ConsumerOptions { GroupId = "wrong", GroupProtocol = GroupProtocol.Consumer }
        );
        wrong.SubscribePattern("orders-(");
        KafkaException rejected = await Assert.ThrowsAsync<KafkaException>(async () => await wrong.ReadAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(ErrorCode.InvalidRegularExpression, rejected.Code);
        await using Consumer classic = client.CreateConsumer(new ConsumerOptions { GroupId = "classic" });
        Assert.Throws<InvalidOperationException>(() => classic.SubscribePattern("orders-.*"));
    }

    [Theory]
    [InlineData(GroupProtocol.Classic)]
    [InlineData(GroupProtocol.Consumer)]
    public async Task A_position_is_committed_with_the_leader_epoch_of_the_record_before_it(GroupProtocol protocol)
    {
        await using EmbeddedCluster cluster = await StartAsync(nodes: 3);
        await CreateAsync(cluster.Client, "t", partitions: 1);
        await ProduceAsync(cluster.Client, "t", 0, 10);
        int leader = (await cluster.Client.Admin.DescribeTopicsAsync(["t"]))[0].Partitions[0].Leader.Value;
        await cluster.StopNodeAsync(leader);
        await ProduceAsync(cluster.Client, "t", 10, 10);
        await using (GroupReader reader = Join(cluster, "t", protocol))
        {
            await reader.UntilAsync(() => reader.Values.Count == 20);
            await reader.CloseAsync();
        }

        LeaderEpoch epoch = (await cluster.Client.Admin.DescribeTopicsAsync(["t"]))[0].Partitions[0].LeaderEpoch;
        GroupOffset committed = (await cluster.Client.Admin.Groups.OffsetsAsync("g-t"))[new TopicPartition("t", 0)];

        Assert.True(epoch > LeaderEpoch.Zero);
        Assert.Equal((new Offset(20), epoch), (committed.Offset, committed.Epoch));
    }

    [Theory]
    [InlineData(GroupProtocol.Classic)]
    [InlineData(GroupProtocol.Consumer)]
    public async Task A_topic_that_does_not_exist_is_told_once_and_read_when_it_is_made(GroupProtocol protocol)
    {
        await using EmbeddedCluster cluster = await StartAsync();
        using SeenEvents events = new();
        using KafkaCluster client = cluster.Connect(options =>
            options with
            {
                LoggerFactory = events,
                MetadataMaxAge = TimeSpan.FromMilliseconds(200),
            }
        );
        await using GroupReader reader = new(client, "later", "g", Quick(protocol, null));
        await Poll.UntilAsync("it is told", () => Task.FromResult(events.Count("TopicMissing") > 0));
        await Task.Delay(TimeSpan.FromSeconds(1));

        await CreateAsync(cluster.Client, "later", partitions: 1);
        await ProduceAsync(cluster.Client, "later", 0, 10);

        await reader.UntilAsync(() => reader.Values.Count == 10);
        Assert.Equal(1, events.Count("TopicMissing"));
    }

    [Fact]
    public async Task An_assignor_that_the_coordinator_does_not_have_fails_the_read_and_names_it()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await CreateAsync(cluster.Client, "t", partitions: 1);
        await using Consumer consumer = cluster.Client.CreateConsumer(
            new ConsumerOptions
            {
                GroupId = "g",
                GroupProtocol = GroupProtocol.Consumer,
                RemoteAssignor = "best",
            }
        );
        consumer.Subscribe(["t"]);

        KafkaException rejected = await Assert.ThrowsAsync<KafkaException>(async () => await consumer.ReadAsync(TimeSpan.FromSeconds(20)));

        Assert.Equal(ErrorCode.UnsupportedAssignor, rejected.Code);
        Assert.Contains("best", rejected.Message, StringComparison.Ordinal);
    }

    private static GroupReader Join(
        EmbeddedCluster cluster,
        string topic,
        GroupProtocol protocol,
        Func<ConsumerOptions, ConsumerOptions>? change = null
    ) => new(cluster.Client, topic, "g", Quick(protocol, change));

    private static Func<ConsumerOptions, ConsumerOptions> Quick(GroupProtocol protocol, Func<ConsumerOptions, ConsumerOptions>? change) =>
        options =>
        {
            ConsumerOptions quick = options with { GroupProtocol = protocol, SessionTimeout = TimeSpan.FromSeconds(6) };
            return change?.Invoke(quick) ?? quick;
        };

    private static Task UntilStateAsync(EmbeddedCluster cluster, string state) =>
        Poll.UntilAsync(
            $"the group is {state}",
            async () => (await cluster.Client.Admin.Groups.DescribeAsync("g-t")).State.Equals(state, StringComparison.OrdinalIgnoreCase)
        );

    private static Task<EmbeddedCluster> StartAsync(int nodes = 1) =>
        EmbeddedCluster.StartAsync(
            new EmbeddedClusterOptions
            {
                Nodes = nodes,
                Configuration = new SortedDictionary<string, string>
                {
                    ["group.initial.rebalance.delay.ms"] = "0",
                    ["group.consumer.heartbeat.interval.ms"] = "200",
                    ["group.consumer.min.heartbeat.interval.ms"] = "200",
                    ["group.consumer.session.timeout.ms"] = "3000",
                    ["group.consumer.min.session.timeout.ms"] = "3000",
                    ["offsets.topic.num.partitions"] = "1",
                },
            }
        );
}
