using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata.Tests;

public class ClusterWideTests
{
    [Fact]
    public void A_new_cluster_begins_with_its_features_in_a_transaction()
    {
        Controller controller = new(
            MetadataImage.Empty,
            new ControllerOptions { BootstrapFeatures = [new("group.version", 1), new("share.version", 0)] },
            null!,
            null!,
            0
        );
        Assert.Equal(
            ["BeginTransactionRecord", "FeatureLevelRecord", "FeatureLevelRecord", "EndTransactionRecord"],
            controller.Activate(openTransaction: false).Select(each => each.GetType().Name)
        );
        Controller old = new(MetadataImage.Empty, new ControllerOptions { BootstrapVersion = new MetadataVersion(12) }, null!, null!, 0);
        Assert.IsType<FeatureLevelRecord>(Assert.Single(old.Activate(openTransaction: false)));
        Cluster cluster = new(options: new ControllerOptions { BootstrapFeatures = [new("group.version", 1)] });
        Assert.Equal(30, cluster.Replica.Image.Version.Level);
        Assert.Equal(1, cluster.Replica.Image.FeatureLevel("group.version"));
        Assert.Empty(cluster.Controller.Activate(openTransaction: false));
        Assert.IsType<AbortTransactionRecord>(Assert.Single(cluster.Controller.Activate(openTransaction: true)));
    }

    [Fact]
    public void Producer_ids_come_in_blocks_that_nobody_gets_twice()
    {
        Cluster cluster = new Cluster().WithBrokers(2);
        Assert.Equal((ErrorCode.None, 0, 1000), Allocate(0));
        Assert.Equal((ErrorCode.None, 1000, 1000), Allocate(1));
        cluster.CommitsAtOnce = false;
        Assert.Equal((ErrorCode.None, 2000, 1000), Allocate(0));
        Assert.Equal((ErrorCode.None, 3000, 1000), Allocate(0));
        Assert.Equal(
            ErrorCode.StaleBrokerEpoch,
            cluster.Controller.AllocateProducerIds(new AllocateProducerIdsRequest()).Response.ErrorCode
        );

        (ErrorCode, long, int) Allocate(int id)
        {
            AllocateProducerIdsResponse response = cluster.Do(
                cluster.Controller.AllocateProducerIds(
                    new AllocateProducerIdsRequest { BrokerId = new NodeId(id), BrokerEpoch = cluster.EpochOf(id) }
                )
            );
            return (response.ErrorCode, response.ProducerIdStart.Value, response.ProducerIdLen);
        }
    }

    [Fact]
    public void Features_change_only_to_what_everyone_supports()
    {
        ControllerOptions options = new()
        {
            ClusterId = "cluster",
            BootstrapVersion = new MetadataVersion(25),
            SupportedFeatures = [new(MetadataVersion.FeatureName, 7, 30), new("group.version", 0, 1), new("share.version", 0, 0)],
        };
        Cluster cluster = new Cluster(options: options).WithBrokers(1);
        Assert.Equal(ErrorCode.None, Update(MetadataVersion.FeatureName, 28));
        Assert.Equal(28, cluster.Replica.Image.Version.Level);
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update(MetadataVersion.FeatureName, 31));
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update(MetadataVersion.FeatureName, 27));
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update(MetadataVersion.FeatureName, 27, type: 3));
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update(MetadataVersion.FeatureName, 0, type: 3));
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update(MetadataVersion.FeatureName, 29, type: 2));
        Assert.Equal(ErrorCode.None, Update(MetadataVersion.FeatureName, 28, type: 2));
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update("group.version", 1));
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update("unknown", 1));
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update("unknown", 0, type: 2));
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update("share.version", 1));
        Assert.Equal(ErrorCode.None, Update("share.version", 0, type: 2));
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update(MetadataVersion.FeatureName, 29, type: 0));

        // Kafka's tools look for this end.
        Assert.EndsWith("does not support this feature.", Respond("unknown", 1, type: 1).ErrorMessage, StringComparison.Ordinal);
        Assert.Contains(
            "level 31 of the feature 'metadata.version'",
            Respond(MetadataVersion.FeatureName, 31, type: 1).ErrorMessage,
            StringComparison.Ordinal
        );

        ErrorCode Update(string feature, short level, sbyte type = 1) => Respond(feature, level, type).ErrorCode;

        UpdateFeaturesResponse Respond(string feature, short level, sbyte type) =>
            cluster.Do(
                cluster.Controller.UpdateFeatures(
                    new UpdateFeaturesRequest
                    {
                        FeatureUpdates =
                        [
                            new()
                            {
                                Feature = feature,
                                MaxVersionLevel = level,
                                UpgradeType = type,
                            },
                        ],
                    }
                )
            );
    }

    [Fact]
    public void A_feature_that_is_not_built_is_lowered_where_another_release_has_raised_it()
    {
        ControllerOptions options = new()
        {
            BootstrapFeatures = [new("share.version", 1)],
            SupportedFeatures = [new(MetadataVersion.FeatureName, 7, 30), new("share.version", 0, 0)],
        };
        Cluster cluster = new(options: options);
        Assert.Equal(1, cluster.Replica.Image.FeatureLevel("share.version"));

        UpdateFeaturesResponse response = cluster.Do(
            cluster.Controller.UpdateFeatures(
                new UpdateFeaturesRequest { FeatureUpdates = [new() { Feature = "share.version", UpgradeType = 2 }] }
            )
        );

        Assert.Equal(ErrorCode.None, response.ErrorCode);
        Assert.DoesNotContain("share.version", cluster.Replica.Image.Features.Keys);
    }

    [Fact]
    public void A_controller_registers_once_per_change()
    {
        Cluster cluster = new();
        ControllerRegistrationRequest request = new()
        {
            ControllerId = new NodeId(1),
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
        };
        Assert.Single(cluster.Controller.RegisterController(request).Records);
        cluster.Do(cluster.Controller.RegisterController(request));
        Assert.Empty(cluster.Controller.RegisterController(request).Records);
        request.Listeners[0].Port = 9094;
        cluster.Do(cluster.Controller.RegisterController(request));
        Cluster old = new(options: new ControllerOptions { BootstrapVersion = new MetadataVersion(14) });
        Assert.Equal(ErrorCode.UnsupportedVersion, old.Controller.RegisterController(request).Response.ErrorCode);
        Assert.Equal(9094, cluster.Replica.Image.Controllers[new NodeId(1)].Endpoints[0].Port);
    }

    [Fact]
    public void An_idle_controller_writes_a_no_op_twice_a_second()
    {
        Cluster cluster = new();
        Assert.Equal(cluster.NowMs + 500, cluster.Controller.NextDeadlineMs);
        Assert.Empty(cluster.Controller.Tick(cluster.NowMs + 499));
        Assert.IsType<NoOpRecord>(Assert.Single(cluster.Controller.Tick(cluster.NowMs + 500)));
        cluster.NowMs += 400;
        cluster.Register(cluster.Registration(0));
        Assert.Empty(cluster.Controller.Tick(cluster.NowMs + 499));
        Assert.Single(cluster.Controller.Tick(cluster.NowMs + 500));
    }
}
