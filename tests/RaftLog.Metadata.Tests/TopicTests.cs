using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Metadata.Tests;

public class TopicTests
{
    [Fact]
    public void A_created_topic_has_its_partitions_and_values()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        CreateTopicsResponse.CreatableTopicResult result = cluster.Create("orders", partitions: 6, replicas: 3, ("retention.ms", "5"));
        Assert.Equal(ErrorCode.None, result.ErrorCode);
        Assert.Equal((6, (short)3), (result.NumPartitions, result.ReplicationFactor));
        Assert.Equal(cluster.Topic("orders").Id, result.TopicId);
        Assert.Equal("5", cluster.Replica.Image.ConfigOf(ConfigResource.Topic("orders"))["retention.ms"]);
        TopicImage topic = cluster.Replica.Image.Topics.ById[result.TopicId];
        Assert.Equal([0, 1, 2, 3, 4, 5], topic.Partitions.Keys);
        Assert.All(
            topic.Partitions.Values,
            each =>
            {
                Assert.Equal(each.Replicas[0], each.Leader);
                Assert.Equal(each.Replicas, each.Isr);
                Assert.Equal((LeaderEpoch.Zero, new PartitionEpoch(0)), (each.LeaderEpoch, each.PartitionEpoch));
                Assert.Equal([.. each.Replicas.Select(node => Cluster.Directory(node.Value))], each.Directories);
            }
        );
    }

    [Fact]
    public void What_is_not_said_takes_the_defaults()
    {
        Cluster cluster = new Cluster(options: new ControllerOptions { DefaultPartitions = 4, DefaultReplicationFactor = 2 }).WithBrokers(
            2
        );
        CreateTopicsResponse.CreatableTopicResult result = cluster.Create("t", partitions: -1, replicas: -1);
        Assert.Equal((4, (short)2), (result.NumPartitions, result.ReplicationFactor));
    }

    [Fact]
    public void Names_are_judged()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        cluster.Create("a.b");
        (string Name, ErrorCode Error)[] table =
        [
            ("", ErrorCode.InvalidTopicException),
            (".", ErrorCode.InvalidTopicException),
            ("..", ErrorCode.InvalidTopicException),
            ("a b", ErrorCode.InvalidTopicException),
            ("é", ErrorCode.InvalidTopicException),
            (new string('x', 250), ErrorCode.InvalidTopicException),
            (new string('x', 249), ErrorCode.None),
            ("a_b", ErrorCode.InvalidTopicException),
            ("a-b", ErrorCode.None),
            ("a.b", ErrorCode.TopicAlreadyExists),
            ("__cluster_metadata", ErrorCode.InvalidRequest),
            ("...", ErrorCode.None),
        ];
        foreach ((string name, ErrorCode error) in table)
        {
            CreateTopicsResponse.CreatableTopicResult result = cluster.Create(name);
            Assert.True(error == result.ErrorCode, $"'{name}': {result.ErrorCode} {result.ErrorMessage}");
            Assert.Equal(error == ErrorCode.None, result.ErrorMessage is null);
        }
    }

    [Fact]
    public void Numbers_and_assignments_are_judged()
    {
        Cluster cluster = new Cluster(options: new ControllerOptions { MaxPartitionsPerRequest = 50 }).WithBrokers(3);
        cluster.Register(cluster.Registration(3));
        Assert.Equal(ErrorCode.InvalidPartitions, cluster.Create("t", partitions: 0).ErrorCode);
        Assert.Equal(ErrorCode.InvalidPartitions, cluster.Create("t", partitions: -2).ErrorCode);
        Assert.Equal(ErrorCode.InvalidReplicationFactor, cluster.Create("t", replicas: 0).ErrorCode);
        Assert.Equal(ErrorCode.InvalidReplicationFactor, cluster.Create("t", replicas: 5).ErrorCode);
        Assert.Equal(ErrorCode.PolicyViolation, cluster.Create("t", partitions: 51).ErrorCode);
        Assert.Equal(ErrorCode.InvalidConfig, cluster.Create("t", configs: ("rejected", "1")).ErrorCode);
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, cluster.Assign("t", [0, 0]).ErrorCode);
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, cluster.Assign("t", [0, 9]).ErrorCode);
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, cluster.Assign("t", [0, 1], [2]).ErrorCode);
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, cluster.Assign("t", [0], []).ErrorCode);
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, cluster.Assign("t", [3]).ErrorCode);
        Assert.Equal(ErrorCode.None, cluster.Assign("t", [3, 0]).ErrorCode);
        Assert.Equal(Nodes.Of(0), cluster.Partition("t").Isr);
        Assert.Equal(new NodeId(0), cluster.Partition("t").Leader);
    }

    [Fact]
    public void An_assignment_goes_with_no_other_numbers_and_without_gaps()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        Assert.Equal(ErrorCode.InvalidRequest, Try(topic => topic.NumPartitions = 1));
        Assert.Equal(ErrorCode.InvalidRequest, Try(topic => topic.ReplicationFactor = 1));
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Try(topic => topic.Assignments[0].PartitionIndex = 1));
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Try(topic => topic.Assignments.Add(topic.Assignments[0])));

        ErrorCode Try(Action<CreateTopicsRequest.CreatableTopic> but)
        {
            CreateTopicsRequest.CreatableTopic topic = new()
            {
                Name = "t",
                NumPartitions = -1,
                ReplicationFactor = -1,
                Assignments = [new() { PartitionIndex = 0, BrokerIds = [new NodeId(0)] }],
            };
            but(topic);
            return cluster.Controller.CreateTopics(new CreateTopicsRequest { Topics = [topic] }).Response.Topics[0].ErrorCode;
        }
    }

    [Fact]
    public void A_name_twice_in_a_request_is_rejected_once_and_others_are_created()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        CreateTopicsResponse response = cluster.Do(
            cluster.Controller.CreateTopics(
                new CreateTopicsRequest
                {
                    Topics =
                    [
                        .. new[] { "a", "b", "a" }.Select(name => new CreateTopicsRequest.CreatableTopic
                        {
                            Name = name,
                            NumPartitions = 1,
                            ReplicationFactor = 1,
                        }),
                    ],
                }
            )
        );
        Assert.Equal([("a", ErrorCode.InvalidRequest), ("b", ErrorCode.None)], response.Topics.Select(each => (each.Name, each.ErrorCode)));
        Assert.Equal(["b"], cluster.Image.Topics.IdsByName.Keys);
    }

    [Fact]
    public void Validating_only_writes_nothing()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        ControllerResult<CreateTopicsResponse> result = cluster.Controller.CreateTopics(
            new CreateTopicsRequest
            {
                Topics =
                [
                    new()
                    {
                        Name = "a",
                        NumPartitions = 3,
                        ReplicationFactor = 1,
                    },
                ],
                ValidateOnly = true,
            }
        );
        Assert.Empty(result.Records);
        Assert.Equal(ErrorCode.None, result.Response.Topics[0].ErrorCode);
        Assert.Equal(3, result.Response.Topics[0].NumPartitions);
    }

    [Fact]
    public void Partitions_can_be_added()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Create("t", partitions: 2, replicas: 2);
        Assert.Equal(ErrorCode.None, Extend("t", 5).ErrorCode);
        Assert.Equal([0, 1, 2, 3, 4], cluster.Topic("t").Partitions.Keys);
        Assert.All(cluster.Topic("t").Partitions.Values, each => Assert.Equal(2, each.Replicas.Count));
        Assert.Equal(ErrorCode.None, Extend("t", 6, [2, 0]).ErrorCode);
        Assert.Equal(Nodes.Of(2, 0), cluster.Partition("t", 5).Replicas);
        Assert.Equal(ErrorCode.InvalidPartitions, Extend("t", 6).ErrorCode);
        Assert.Equal(ErrorCode.InvalidPartitions, Extend("t", 1).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Extend("u", 1).ErrorCode);
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Extend("t", 8, [2, 0]).ErrorCode);
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Extend("t", 7, [2]).ErrorCode);
        Assert.Equal(ErrorCode.PolicyViolation, Extend("t", 20_000).ErrorCode);

        CreatePartitionsResponse.CreatePartitionsTopicResult Extend(string name, int count, params int[][] assignments) =>
            cluster
                .Do(
                    cluster.Controller.CreatePartitions(
                        new CreatePartitionsRequest
                        {
                            Topics =
                            [
                                new()
                                {
                                    Name = name,
                                    Count = count,
                                    Assignments =
                                        assignments.Length == 0
                                            ? null
                                            :
                                            [
                                                .. assignments.Select(each => new CreatePartitionsRequest.CreatePartitionsAssignment
                                                {
                                                    BrokerIds = [.. each.Select(id => new NodeId(id))],
                                                }),
                                            ],
                                },
                            ],
                        }
                    )
                )
                .Results[0];
    }

    [Fact]
    public void A_deleted_topic_takes_its_values_with_it_and_its_name_is_free()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        Uuid first = cluster.Create("t", 1, 1, ("retention.ms", "5")).TopicId;
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Delete(new() { Name = "u" }));
        Assert.Equal(ErrorCode.UnknownTopicId, Delete(new() { TopicId = new Uuid(3, 3) }));
        Assert.Equal(ErrorCode.InvalidRequest, Delete(new() { Name = "t", TopicId = first }));
        Assert.Equal(ErrorCode.InvalidRequest, Delete(new()));
        Assert.Equal(ErrorCode.None, Delete(new() { TopicId = first }));
        Assert.Empty(cluster.Replica.Image.Configs);
        Assert.NotEqual(first, cluster.Create("t").TopicId);

        ErrorCode Delete(DeleteTopicsRequest.DeleteTopicState topic) =>
            cluster.Do(cluster.Controller.DeleteTopics(new DeleteTopicsRequest { Topics = [topic] })).Responses[0].ErrorCode;
    }

    [Fact]
    public void A_topic_that_a_request_names_twice_is_rejected_once_and_stays()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        Uuid id = cluster.Create("t", 1, 1).TopicId;
        DeleteTopicsRequest request = new()
        {
            Topics = [new() { TopicId = id }, new() { TopicId = id }, new() { Name = "t" }, new() { Name = "u" }, new() { Name = "u" }],
        };
        DeleteTopicsResponse response = cluster.Do(cluster.Controller.DeleteTopics(request));

        Assert.Equal(
            [(ErrorCode.InvalidRequest, "u", Uuid.Zero), (ErrorCode.InvalidRequest, null, id), (ErrorCode.None, "t", id)],
            response.Responses.Select(each => (each.ErrorCode, each.Name, each.TopicId))
        );
    }

    [Fact]
    public void Deletion_can_be_switched_off()
    {
        Cluster cluster = new Cluster(options: new ControllerOptions { DeleteTopicEnabled = false }).WithBrokers(1);
        cluster.Create("t");
        Assert.Equal(
            ErrorCode.TopicDeletionDisabled,
            cluster.Controller.DeleteTopics(new DeleteTopicsRequest { TopicNames = ["t"] }).Response.Responses[0].ErrorCode
        );
    }

    [Fact]
    public void Leaders_are_elected_on_request()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Assign("t", [0, 1]);
        cluster.Assign("u", [0, 1]);
        cluster.Beat(0, wantFence: true);
        Assert.Equal(ErrorCode.PreferredLeaderNotAvailable, Elect(0, "t"));
        cluster.Beat(0);
        Assert.Equal(ErrorCode.PreferredLeaderNotAvailable, Elect(0, "t"));
        cluster.Propose("t", 1, [1, 0]);
        Assert.Equal(ErrorCode.None, Elect(0, "t"));
        Assert.Equal(new NodeId(0), cluster.Partition("t").Leader);
        Assert.Equal(ErrorCode.ElectionNotNeeded, Elect(0, "t"));
        Assert.Equal(ErrorCode.ElectionNotNeeded, Elect(1, "t"));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Elect(0, "x"));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Elect(0, "t", 5));

        // All partitions: those that need nothing are left out of their topics.
        ElectLeadersResponse all = cluster.Do(
            cluster.Controller.ElectLeaders(new ElectLeadersRequest { ElectionType = 0, TopicPartitions = null })
        );
        Assert.Equal([("t", 0), ("u", 1)], all.ReplicaElectionResults.Select(each => (each.Topic, each.PartitionResult.Count)));
        Assert.Equal(
            ErrorCode.InvalidRequest,
            cluster.Controller.ElectLeaders(new ElectLeadersRequest { ElectionType = 2 }).Response.ErrorCode
        );

        ErrorCode Elect(sbyte type, string topic, int index = 0) =>
            cluster
                .Do(
                    cluster.Controller.ElectLeaders(
                        new ElectLeadersRequest { ElectionType = type, TopicPartitions = [new() { Topic = topic, Partitions = [index] }] }
                    )
                )
                .ReplicaElectionResults[0]
                .PartitionResult[0]
                .ErrorCode;
    }

    [Fact]
    public void An_unclean_election_on_request_needs_a_live_replica()
    {
        Cluster cluster = new Cluster().WithBrokers(2);
        cluster.Assign("t", [0, 1]);
        cluster.Propose("t", 0, [0]);
        cluster.Beat(0, wantFence: true);
        cluster.Beat(1, wantFence: true);
        Assert.Equal(ErrorCode.EligibleLeadersNotAvailable, Elect());
        cluster.Beat(1);
        Assert.Equal(ErrorCode.None, Elect());
        Assert.Equal(
            (new NodeId(1), LeaderRecoveryState.Recovering),
            (cluster.Partition("t").Leader, cluster.Partition("t").RecoveryState)
        );

        ErrorCode Elect() =>
            cluster
                .Do(
                    cluster.Controller.ElectLeaders(
                        new ElectLeadersRequest { ElectionType = 1, TopicPartitions = [new() { Topic = "t", Partitions = [0] }] }
                    )
                )
                .ReplicaElectionResults[0]
                .PartitionResult[0]
                .ErrorCode;
    }

    [Fact]
    public void Leaderships_go_back_to_preferred_leaders_in_time_and_in_bounded_steps()
    {
        Cluster cluster = new Cluster(options: new ControllerOptions { MaxElectionsPerStep = 2, SessionTimeoutMs = 1_000_000 }).WithBrokers(
            2
        );
        cluster.Assign("t", [0, 1], [0, 1], [0, 1]);
        cluster.Beat(0, wantFence: true);
        cluster.Beat(0);
        foreach (int index in cluster.Topic("t").Partitions.Keys)
        {
            cluster.Append([
                new RaftLog.Protocol.Metadata.PartitionChangeRecord
                {
                    TopicId = cluster.Topic("t").Id,
                    PartitionId = index,
                    Isr = [new NodeId(0), new NodeId(1)],
                },
            ]);
        }

        cluster.Tick(afterMs: 299_999);
        Assert.All(cluster.Topic("t").Partitions.Values, each => Assert.Equal(1, each.Leader.Value));
        cluster.Tick(afterMs: 1);
        Assert.Equal(2, cluster.Topic("t").Partitions.Values.Count(each => each.Leader.Value == 0));
        cluster.Tick();
        Assert.Equal(3, cluster.Topic("t").Partitions.Values.Count(each => each.Leader.Value == 0));
    }
}
