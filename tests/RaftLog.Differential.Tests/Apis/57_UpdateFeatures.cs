using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Changing feature levels: what is rejected, and what is only checked.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class UpdateFeaturesTests(BothNodes nodes)
{
    private const string MetadataVersion = "metadata.version";

    [KafkaFact]
    public async Task Responses_are_Kafkas() =>
        await Script.CompareAsync(
            nodes,
            "UpdateFeatures",
            [
                Case.Of("to where it is", p => p.AskAsync(Request((MetadataVersion, 30, 1)))),
                Case.Of("to where it is, version 1", p => p.AskVersionAsync(Request((MetadataVersion, 30, 1)), 1)),
                Case.Of("to where it is, oldest version", p => p.AskVersionAsync(Request((MetadataVersion, 30, 1)), 0)),
                Case.Of("back, as an upgrade", p => p.AskAsync(Request((MetadataVersion, 20, 1)))),
                Case.Of("back, as an upgrade, version 1", p => p.AskVersionAsync(Request((MetadataVersion, 20, 1)), 1)),
                Case.Of("back, as a downgrade, oldest version", p => p.AskVersionAsync(DowngradeOf(MetadataVersion, 20), 0)),
                Case.Of("groups too far back, oldest version", p => p.AskVersionAsync(DowngradeOf("group.version", -1), 0)),
                Case.Of("too far", p => p.AskAsync(Request((MetadataVersion, 99, 1)))),
                Case.Of("to zero", p => p.AskAsync(Request((MetadataVersion, 0, 3)))),
                Case.Of("to a negative level", p => p.AskAsync(Request((MetadataVersion, -1, 3)))),
                Case.Of("an unknown feature", p => p.AskAsync(Request(("foo", 1, 1)))),
                Case.Of("an unknown kind of change", p => p.AskAsync(Request((MetadataVersion, 30, 9)))),
                Case.Of("the same feature twice", p => p.AskAsync(Request((MetadataVersion, 30, 1), (MetadataVersion, 30, 1)))),
            ]
        );

    [KafkaFact]
    public async Task Levels_of_what_is_not_built_are_Kafkas_at_zero()
    {
        await Script.CompareAsync(
            nodes,
            "UpdateFeatures, not built",
            [
                Case.Of("share to zero", p => p.AskAsync(Request(("share.version", 0, 2)))),
                Case.Of("streams to zero", p => p.AskAsync(Request(("streams.version", 0, 2)))),
                Case.Of("eligible leaders to zero", p => p.AskAsync(Request(("eligible.leader.replicas.version", 0, 2)))),
                Case.Of("eligible leaders to zero, unsafe", p => p.AskAsync(Request(("eligible.leader.replicas.version", 0, 3)))),
                Case.Of("share too far", p => p.AskAsync(Request(("share.version", 2, 1)))),
                Case.Of("streams too far", p => p.AskAsync(Request(("streams.version", 2, 1)))),
                Case.Of("eligible leaders too far", p => p.AskAsync(Request(("eligible.leader.replicas.version", 2, 1)))),
                Case.Of("share to a negative level", p => p.AskAsync(Request(("share.version", -1, 3)))),
                Case.Of("share where Kafka has it", p => p.AskAsync(Request(("share.version", 1, 1)))),
                Case.Of("streams where Kafka has it", p => p.AskAsync(Request(("streams.version", 1, 1)))),
                Case.Of("eligible leaders where Kafka has it", p => p.AskAsync(Request(("eligible.leader.replicas.version", 1, 1)))),
                Case.Of("voters that change", p => p.AskAsync(Request(("kraft.version", 1, 1)))),
                Case.Of("voters where they are", p => p.AskAsync(Request(("kraft.version", 0, 1)))),
                Case.Of("voters too far", p => p.AskAsync(Request(("kraft.version", 2, 1)))),
                Case.Of("an unknown feature to zero", p => p.AskAsync(Request(("foo", 0, 2)))),
                Case.Of("an unknown feature to zero, unsafe", p => p.AskAsync(Request(("foo", 0, 3)))),
                Case.Of("share and streams to zero", p => p.AskAsync(Request(("share.version", 0, 2), ("streams.version", 0, 2)))),
                Case.Of("share to zero beside an unknown feature", p => p.AskAsync(Request(("share.version", 0, 2), ("foo", 1, 1)))),
            ]
        );
    }

    [KafkaFact]
    public async Task Levels_of_groups_and_transactions_change_as_Kafkas()
    {
        await Script.CompareAsync(
            nodes,
            "UpdateFeatures, groups and transactions",
            [
                Case.Of("groups too far", p => p.AskAsync(Request(("group.version", 2, 1)))),
                Case.Of("groups back, as an upgrade", p => p.AskAsync(Request(("group.version", 0, 1)))),
                Case.Of("groups to a negative level", p => p.AskAsync(Request(("group.version", -1, 2)))),
                Case.Of("transactions too far", p => p.AskAsync(Request(("transaction.version", 3, 1)))),
                Case.Of(
                    "one that may beside one that may not",
                    p => p.AskAsync(Request(("transaction.version", 1, 2), ("group.version", 2, 1)))
                ),
                Case.Of("groups back", p => ChangeAsync(p, "group.version", 0, 2)),
                Case.Of("a member of the consumer protocol", p => p.AskAsync(new ConsumerGroupHeartbeatRequest { GroupId = "featured" })),
                Case.Of("groups on", p => ChangeAsync(p, "group.version", 1, 1)),
                Case.Of("transactions back", p => ChangeAsync(p, "transaction.version", 1, 2)),
                Case.Of("transactions off", p => ChangeAsync(p, "transaction.version", 0, 3)),
                Case.Of("transactions up, as a downgrade", p => p.AskAsync(Request(("transaction.version", 2, 2)))),
                Case.Of("transactions on", p => ChangeAsync(p, "transaction.version", 2, 1)),
                Case.Of("transactions where they are, as a downgrade", p => p.AskAsync(Request(("transaction.version", 2, 2)))),
            ]
        );
    }

    [KafkaFact]
    public async Task Version_0_raises_levels_and_lowers_none_as_Kafkas()
    {
        await Script.CompareAsync(
            nodes,
            "UpdateFeatures, version 0",
            [
                Case.Of("where it is, with leave to go back", p => p.AskVersionAsync(DowngradeOf(MetadataVersion, 30), 0)),
                Case.Of("too far, with leave to go back", p => p.AskVersionAsync(DowngradeOf(MetadataVersion, 99), 0)),
                Case.Of("to zero, with leave to go back", p => p.AskVersionAsync(DowngradeOf(MetadataVersion, 0), 0)),
                Case.Of("an unknown feature, with leave to go back", p => p.AskVersionAsync(DowngradeOf("foo", 0), 0)),
                Case.Of("an unknown feature to a level, with leave to go back", p => p.AskVersionAsync(DowngradeOf("foo", 1), 0)),
                Case.Of("groups back without leave", p => p.AskVersionAsync(Old("group.version", 0), 0)),
                Case.Of("groups back", p => p.AskVersionAsync(DowngradeOf("group.version", 0), 0)),
                Case.Of("groups on, with leave to go back", p => p.AskVersionAsync(DowngradeOf("group.version", 1), 0)),
                Case.Of("groups on", p => p.AskVersionAsync(Old("group.version", 1), 0)),
                Case.Of("transactions off", p => p.AskVersionAsync(DowngradeOf("transaction.version", 0), 0)),
                Case.Of("transactions too far", p => p.AskVersionAsync(Old("transaction.version", 3), 0)),
                Case.Of("transactions on", p => p.AskVersionAsync(Old("transaction.version", 2), 0)),
                Case.Of("groups back, from a controller", p => p.Controller.AskVersionAsync(DowngradeOf("group.version", 0), 0)),
                Case.Of("groups on, from a controller", p => p.Controller.AskVersionAsync(Old("group.version", 1), 0)),
                Case.Of("no feature", p => p.AskVersionAsync(new UpdateFeaturesRequest { TimeoutMs = 10_000 }, 0)),
                Case.Of("no feature, newest version", p => p.AskAsync(new UpdateFeaturesRequest { TimeoutMs = 10_000 })),
                Case.Of("a feature without a name", p => p.AskVersionAsync(Old("", 1), 0)),
            ]
        );
    }

    private static UpdateFeaturesRequest Old(string feature, short level) =>
        new() { TimeoutMs = 10_000, FeatureUpdates = [new() { Feature = feature, MaxVersionLevel = level }] };

    // The response, once the node itself has taken the level in.
    private static async Task<UpdateFeaturesResponse> ChangeAsync(Peer peer, string feature, short level, sbyte kind)
    {
        UpdateFeaturesRequest request = Request((feature, level, kind));
        request.ValidateOnly = false;
        UpdateFeaturesResponse response = await peer.AskAsync(request);
        await Poll.UntilAsync(
            $"{peer.Name} has {feature} {level}",
            async () =>
            {
                ApiVersionsResponse versions = await peer.AskAsync(
                    new ApiVersionsRequest { ClientSoftwareName = "raftlog-tests", ClientSoftwareVersion = "1.0" }
                );
                return (versions.FinalizedFeatures.Find(each => each.Name == feature)?.MaxVersionLevel ?? 0) == level;
            }
        );
        return response;
    }

    private static UpdateFeaturesRequest DowngradeOf(string feature, short level) =>
        new()
        {
            TimeoutMs = 10_000,
            FeatureUpdates =
            [
                new()
                {
                    Feature = feature,
                    MaxVersionLevel = level,
                    AllowDowngrade = true,
                },
            ],
        };

    private static UpdateFeaturesRequest Request(params (string Feature, short Level, sbyte Kind)[] updates) =>
        new()
        {
            TimeoutMs = 10_000,
            ValidateOnly = true,
            FeatureUpdates =
            [
                .. updates.Select(each => new UpdateFeaturesRequest.FeatureUpdate
                {
                    Feature = each.Feature,
                    MaxVersionLevel = each.Level,
                    UpgradeType = each.Kind,
                }),
            ],
        };
}
