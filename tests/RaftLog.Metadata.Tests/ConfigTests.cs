using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Metadata.Tests;

public class ConfigTests
{
    private const sbyte Set = 0;
    private const sbyte Delete = 1;
    private const sbyte Append = 2;
    private const sbyte Subtract = 3;

    [Fact]
    public void Values_are_set_deleted_appended_and_subtracted()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        cluster.Create("t");
        ConfigResource resource = ConfigResource.Topic("t");
        Alter(cluster, 2, "t", ("a", Set, "1"), ("b", Set, "2"));
        Alter(cluster, 2, "t", ("a", Delete, null), ("cleanup.policy", Append, "compact,delete"));
        Assert.Equal([new("b", "2"), new("cleanup.policy", "delete,compact")], cluster.Replica.Image.ConfigOf(resource));
        Alter(cluster, 2, "t", ("cleanup.policy", Subtract, "delete,unknown"));
        Assert.Equal("compact", cluster.Replica.Image.ConfigOf(resource)["cleanup.policy"]);
    }

    [Fact]
    public void Elements_of_lists_are_told_apart_by_their_blanks_as_in_Kafka()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        cluster.Create("t");
        ConfigResource resource = ConfigResource.Topic("t");
        Alter(cluster, 2, "t", ("cleanup.policy", Set, "compact, delete"));
        Assert.Equal("compact, delete", cluster.Replica.Image.ConfigOf(resource)["cleanup.policy"]);
        Alter(cluster, 2, "t", ("cleanup.policy", Append, "delete"));
        Assert.Equal("compact, delete,delete", cluster.Replica.Image.ConfigOf(resource)["cleanup.policy"]);
        Alter(cluster, 2, "t", ("cleanup.policy", Subtract, "compact"));
        Assert.Equal(" delete,delete", cluster.Replica.Image.ConfigOf(resource)["cleanup.policy"]);
        Alter(cluster, 2, "t", ("cleanup.policy", Subtract, "delete"));
        Assert.Equal(" delete", cluster.Replica.Image.ConfigOf(resource)["cleanup.policy"]);
    }

    /// <summary>A record of the metadata log holds 32,767 bytes of a value.</summary>
    [Fact]
    public void A_list_may_become_as_long_as_a_record_holds_and_no_longer()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        cluster.Create("t");
        ConfigResource resource = ConfigResource.Topic("t");
        string first = new('a', 32_000);
        Alter(cluster, 2, "t", ("cleanup.policy", Set, first));
        Assert.Equal(ErrorCode.InvalidConfig, Alter(cluster, 2, "t", ("cleanup.policy", Append, new string('b', 767))));
        Assert.Equal(first, cluster.Replica.Image.ConfigOf(resource)["cleanup.policy"]);
        Assert.Equal(ErrorCode.None, Alter(cluster, 2, "t", ("cleanup.policy", Append, new string('b', 766))));
        Assert.Equal(short.MaxValue, cluster.Replica.Image.ConfigOf(resource)["cleanup.policy"].Length);
    }

    [Fact]
    public void A_registered_controller_has_a_configuration_as_a_broker_has()
    {
        Cluster cluster = new();
        Assert.Equal(ErrorCode.BrokerIdNotRegistered, Alter(cluster, 4, "3000", ("a", Set, "1")));
        cluster.Do(
            cluster.Controller.RegisterController(
                new ControllerRegistrationRequest
                {
                    ControllerId = new NodeId(3000),
                    IncarnationId = new Uuid(4, 4),
                    Listeners =
                    [
                        new()
                        {
                            Name = "CONTROLLER",
                            Host = "h",
                            Port = 9093,
                        },
                    ],
                    Features =
                    [
                        new()
                        {
                            Name = MetadataVersion.FeatureName,
                            MinSupportedVersion = 7,
                            MaxSupportedVersion = 30,
                        },
                    ],
                }
            )
        );
        Assert.Equal(ErrorCode.None, Alter(cluster, 4, "3000", ("a", Set, "1")));
    }

    [Fact]
    public void Changes_that_do_not_fit_are_rejected_whole()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        cluster.Create("t");
        Assert.Equal(ErrorCode.InvalidConfig, Alter(cluster, 2, "t", ("a", Set, "1"), ("rejected", Set, "1")));
        Assert.Equal(ErrorCode.InvalidConfig, Alter(cluster, 2, "t", ("a", Append, "1")));
        Assert.Equal(ErrorCode.InvalidRequest, Alter(cluster, 2, "t", ("a", Set, "1"), ("a", Set, "2")));
        Assert.Equal(ErrorCode.InvalidRequest, Alter(cluster, 2, "t", ("a", Set, null)));
        Assert.Equal(ErrorCode.InvalidRequest, Alter(cluster, 2, "t", ("a", 4, "1")));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Alter(cluster, 2, "u", ("a", Set, "1")));
        Assert.Equal(ErrorCode.InvalidRequest, Alter(cluster, 2, "", ("a", Set, "1")));
        Assert.Equal(ErrorCode.BrokerIdNotRegistered, Alter(cluster, 4, "9", ("a", Set, "1")));
        Assert.Equal(ErrorCode.InvalidRequest, Alter(cluster, 4, "x", ("a", Set, "1")));
        Assert.Equal(ErrorCode.InvalidRequest, Alter(cluster, 8, "0", ("a", Set, "1")));
        Assert.Equal(ErrorCode.InvalidRequest, Alter(cluster, 32, "", ("a", Set, "1")));
        Assert.Empty(cluster.Image.Configs);
        Assert.Equal(ErrorCode.None, Alter(cluster, 4, "0", ("a", Set, "1")));
        Assert.Equal(ErrorCode.None, Alter(cluster, 4, "", ("a", Set, "1")));
        Assert.Equal(ErrorCode.None, Alter(cluster, 32, "g", ("a", Set, "1")));
    }

    [Fact]
    public void A_resource_twice_in_a_request_is_rejected()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        IncrementalAlterConfigsRequest.AlterConfigsResource resource = new()
        {
            ResourceType = 4,
            ResourceName = "",
            Configs = [new() { Name = "a", Value = "1" }],
        };
        ControllerResult<IncrementalAlterConfigsResponse> result = cluster.Controller.IncrementalAlterConfigs(
            new IncrementalAlterConfigsRequest { Resources = [resource, resource] }
        );
        Assert.Empty(result.Records);
        Assert.All(result.Response.Responses, each => Assert.Equal(ErrorCode.InvalidRequest, each.ErrorCode));
    }

    [Fact]
    public void Replacing_drops_what_is_not_named_and_validating_writes_nothing()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        cluster.Create("t", 1, 1, ("a", "1"), ("b", "2"));
        AlterConfigsRequest request = new()
        {
            Resources =
            [
                new()
                {
                    ResourceType = 2,
                    ResourceName = "t",
                    Configs = [new() { Name = "b", Value = "3" }, new() { Name = "c", Value = "4" }],
                },
            ],
            ValidateOnly = true,
        };
        Assert.Empty(cluster.Controller.AlterConfigs(request).Records);
        request.ValidateOnly = false;
        Assert.Equal(ErrorCode.None, cluster.Do(cluster.Controller.AlterConfigs(request)).Responses[0].ErrorCode);
        Assert.Equal([new("b", "3"), new("c", "4")], cluster.Replica.Image.ConfigOf(ConfigResource.Topic("t")));
    }

    /// <summary>
    /// KIP-1066: which directories a broker has only that broker knows; a client of the controller may take some off the list.
    /// </summary>
    [Fact]
    public void Directories_are_cordoned_through_brokers_and_uncordoned_through_controllers_too()
    {
        const string Key = "cordoned.log.dirs";
        Cluster cluster = new Cluster().WithBrokers(1);
        Assert.Equal(ErrorCode.InvalidConfig, Alter(cluster, 4, "0", false, (Key, Set, "/a")));
        Assert.Equal(ErrorCode.None, Alter(cluster, 4, "0", true, (Key, Set, "/a,/b")));
        Assert.Equal(ErrorCode.InvalidConfig, Alter(cluster, 4, "0", false, (Key, Append, "/c")));
        Assert.Equal(ErrorCode.None, Alter(cluster, 4, "0", false, (Key, Set, "/b")));
        AlterConfigsRequest.AlterableConfig wider = new() { Name = Key, Value = "/a, /b" };
        AlterConfigsRequest replacement = new()
        {
            Resources =
            [
                new()
                {
                    ResourceType = 4,
                    ResourceName = "0",
                    Configs = [wider],
                },
            ],
        };
        Assert.Equal(
            ErrorCode.InvalidConfig,
            cluster.Controller.AlterConfigs(replacement, isForwarded: false).Response.Responses[0].ErrorCode
        );
        Assert.Equal(ErrorCode.None, cluster.Controller.AlterConfigs(replacement).Response.Responses[0].ErrorCode);
        Assert.Equal(ErrorCode.None, Alter(cluster, 4, "0", false, (Key, Set, "")));
    }

    private static ErrorCode Alter(
        Cluster cluster,
        sbyte type,
        string name,
        params (string Key, sbyte Operation, string? Value)[] changes
    ) => Alter(cluster, type, name, isForwarded: true, changes);

    private static ErrorCode Alter(
        Cluster cluster,
        sbyte type,
        string name,
        bool isForwarded,
        params (string Key, sbyte Operation, string? Value)[] changes
    ) =>
        cluster
            .Do(
                cluster.Controller.IncrementalAlterConfigs(
                    new IncrementalAlterConfigsRequest
                    {
                        Resources =
                        [
                            new()
                            {
                                ResourceType = type,
                                ResourceName = name,
                                Configs =
                                [
                                    .. changes.Select(each => new IncrementalAlterConfigsRequest.AlterableConfig
                                    {
                                        Name = each.Key,
                                        ConfigOperation = each.Operation,
                                        Value = each.Value,
                                    }),
                                ],
                            },
                        ],
                    },
                    isForwarded
                )
            )
            .Responses[0]
            .ErrorCode;
}
