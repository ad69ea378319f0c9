using RaftLog.Client.Admin;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Tests;

public class AdminTests
{
    [Fact]
    public void Topics_are_created_listed_described_and_deleted() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.Brokers[0].Highest[ApiKey.DescribeTopicPartitions] = -1;
            KafkaAdmin admin = world.Connect().Admin;

            IReadOnlyList<ItemResult<string>> created = world.Finish(
                admin.CreateTopicsAsync([new NewTopic("b", 2, 1), new NewTopic("a", 1, 1)])
            );
            Assert.All(created, item => item.ThrowIfFailed());
            ItemResult<string> again = Assert.Single(world.Finish(admin.CreateTopicsAsync([new NewTopic("a", 1, 1)])));
            Assert.Equal(ErrorCode.TopicAlreadyExists, again.Error);
            Assert.Throws<KafkaException>(again.ThrowIfFailed);

            Assert.Equal(["a", "b"], world.Finish(admin.ListTopicsAsync()).Select(t => t.Name));
            IReadOnlyList<TopicDescription> described = world.Finish(admin.DescribeTopicsAsync(["b", "absent"]));
            Assert.Equal(2, described[0].Partitions.Count);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, described[1].Error);

            Assert.True(Assert.Single(world.Finish(admin.DeleteTopicsAsync(["a"]))).Succeeded);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, Assert.Single(world.Finish(admin.DeleteTopicsAsync(["a"]))).Error);
        });

    [Fact]
    public void Pages_of_a_description_are_put_together() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.Intercept = (_, message) =>
                message is not DescribeTopicPartitionsRequest request
                    ? null
                    : new Reply(
                        request.Cursor is null
                            ? new DescribeTopicPartitionsResponse
                            {
                                Topics =
                                [
                                    new()
                                    {
                                        Name = "t",
                                        Partitions = [new() { PartitionIndex = 0, EligibleLeaderReplicas = [new NodeId(4)] }],
                                    },
                                ],
                                NextCursor = new() { TopicName = "t", PartitionIndex = 1 },
                            }
                            : new DescribeTopicPartitionsResponse
                            {
                                Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 1 }] }],
                            }
                    );

            TopicDescription topic = Assert.Single(world.Finish(world.Connect().Admin.DescribeTopicsAsync(["t"])));

            Assert.Equal([0, 1], topic.Partitions.Select(p => p.Index));
            Assert.Equal([new NodeId(4)], topic.Partitions[0].EligibleLeaders);
        });

    [Fact]
    public void A_configuration_value_is_set_and_seen() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            KafkaAdmin admin = world.Connect().Admin;
            ConfigResource topic = new(ConfigResourceType.Topic, "t");

            world.Finish(admin.AlterConfigsAsync([new ConfigChange(topic, "retention.ms", ConfigOperation.Set, "1000")]));

            ConfigEntry entry = Assert.Single(world.Finish(admin.DescribeConfigsAsync(topic)));
            Assert.Equal(("retention.ms", "1000", ConfigEntrySource.DynamicTopic), (entry.Name, entry.Value, entry.Source));
        });

    [Fact]
    public void Offsets_are_found_at_each_leader() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 2);
            FakeTopic topic = world.AddTopic("t", partitions: 2);
            topic.Partitions[1].Start = new Offset(5);
            KafkaAdmin admin = world.Connect().Admin;

            IReadOnlyDictionary<TopicPartition, FoundOffset> found = world.Finish(
                admin.ListOffsetsAsync(
                    new Dictionary<TopicPartition, OffsetSpec>
                    {
                        [new TopicPartition("t", 0)] = OffsetSpec.Latest,
                        [new TopicPartition("t", 1)] = OffsetSpec.Earliest,
                    }
                )
            );

            Assert.Equal([0L, 5L], found.Values.Select(f => f.Offset.Value));
        });

    [Fact]
    public void The_quorum_is_described_once_it_has_a_leader() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            int leaderless = 3;
            world.Intercept = (_, message) =>
                message is not DescribeQuorumRequest
                    ? null
                    : new Reply(
                        new DescribeQuorumResponse
                        {
                            Topics =
                            [
                                new()
                                {
                                    TopicName = "__cluster_metadata",
                                    Partitions =
                                    [
                                        new()
                                        {
                                            ErrorCode = leaderless-- > 0 ? ErrorCode.LeaderNotAvailable : ErrorCode.None,
                                            LeaderId = new NodeId(2),
                                            CurrentVoters = [new() { ReplicaId = new NodeId(2), LogEndOffset = new Offset(9) }],
                                        },
                                    ],
                                },
                            ],
                        }
                    );

            QuorumDescription quorum = world.Finish(world.Connect().Admin.DescribeQuorumAsync());

            Assert.Equal(new NodeId(2), quorum.Leader);
            Assert.Equal(new Offset(9), Assert.Single(quorum.Voters).LogEnd);
        });

    [Fact]
    public void A_bootstrap_server_that_is_gone_is_passed_over() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            KafkaCluster cluster = world.Connect(options =>
                options with
                {
                    BootstrapServers = [new NetworkAddress("localhost", 1), new NetworkAddress("nowhere", 1), world.Brokers[0].Address],
                }
            );

            Assert.Equal("fake", world.Finish(cluster.Admin.DescribeClusterAsync()).ClusterId);
        });

    [Fact]
    public void A_broker_that_accepts_and_stays_silent_is_passed_over() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 2);
            world.Intercept = (node, message) => node.Value == 0 && message is DescribeClusterRequest ? new Reply(null) : null;
            KafkaCluster cluster = world.Connect(options =>
                options with
                {
                    BootstrapServers = [world.Brokers[0].Address, world.Brokers[1].Address],
                    RequestTimeout = TimeSpan.FromSeconds(5),
                }
            );

            Assert.Equal("fake", world.Finish(cluster.Admin.DescribeClusterAsync()).ClusterId);
        });

    [Fact]
    public void A_cluster_that_cannot_be_reached_is_an_error_that_says_where() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            KafkaCluster cluster = world.Connect(options => options with { BootstrapServers = [new NetworkAddress("localhost", 1)] });

            KafkaException unreachable = world.Fails(() => cluster.Admin.DescribeClusterAsync());

            Assert.Equal(ErrorCode.NetworkException, unreachable.Code);
            Assert.Contains("localhost:1", unreachable.Message, StringComparison.Ordinal);
        });

    [Fact]
    public void Closing_the_cluster_ends_what_is_under_way() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.Intercept = (_, message) => message is DescribeClusterRequest ? new Reply(null) : null;
            KafkaCluster cluster = world.Connect();
            Task<ClusterDescription> call = FakeCluster.Start(cluster.Admin.DescribeClusterAsync());
            world.Settle();

            cluster.Dispose();
            world.Settle();

            Assert.True(call.IsFaulted);
        });

    [Fact]
    public void Servers_are_read_from_text_and_mistakes_are_named()
    {
        Assert.Equal([new NetworkAddress("a", 1), new NetworkAddress("::1", 2)], ClientOptions.ParseServers("a:1, [::1]:2"));
        Assert.Contains("'a'", Assert.Throws<FormatException>(() => ClientOptions.ParseServers("a")).Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => ClientOptions.ParseServers(""));
        Assert.Throws<FormatException>(() => ClientOptions.ParseServers("a:70000"));
    }

    [Fact]
    public void Static_members_are_removed_by_name_and_a_result_comes_for_each() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeCoordinator coordinator = new();
            world.Intercept = (_, message) => coordinator.Respond(message);

            IReadOnlyList<ItemResult<string>> results = world.Finish(
                world.Connect().Admin.Groups.RemoveMembersAsync("g", ["a", "unknown"])
            );

            Assert.Equal([("a", ErrorCode.None), ("unknown", ErrorCode.UnknownMemberId)], results.Select(each => (each.Item, each.Error)));
            LeaveGroupRequest request = Assert.Single(world.Received<LeaveGroupRequest>());
            Assert.Equal([("", "a"), ("", "unknown")], request.Members.Select(each => (each.MemberId, each.GroupInstanceId)));
        });

    [Fact]
    public void Fencing_takes_the_next_epoch_of_a_transactional_id() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeCoordinator coordinator = new();
            world.Intercept = (_, message) => coordinator.Respond(message);

            world.Finish(world.Connect().Admin.Transactions.FenceAsync("tx"));

            InitProducerIdRequest request = Assert.Single(world.Received<InitProducerIdRequest>());
            Assert.Equal(("tx", false), (request.TransactionalId, request.ProducerId.IsPresent));
        });
}
