using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Changing feature levels: what is refused, and what is only checked.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class UpdateFeaturesTests(BothNodes nodes)
{
    private const string MetadataVersion = "metadata.version";

    [KafkaFact]
    public async Task Answers_are_Kafkas() => await Script.CompareAsync(nodes, "UpdateFeatures",
    [
        Case.Of("to where it is", p => p.AskAsync(Request((MetadataVersion, 30, 1)))),
        Case.Of("to where it is, version 1", p => p.AskVersionAsync(Request((MetadataVersion, 30, 1)), 1)),
        Case.Of("to where it is, oldest version", p => p.AskVersionAsync(Request((MetadataVersion, 30, 1)), 0)),
        Case.Of("back, as an upgrade", p => p.AskAsync(Request((MetadataVersion, 20, 1)))),
        Case.Of("back, as an upgrade, version 1", p => p.AskVersionAsync(Request((MetadataVersion, 20, 1)), 1)),
        Case.Of("too far", p => p.AskAsync(Request((MetadataVersion, 99, 1)))),
        Case.Of("to zero", p => p.AskAsync(Request((MetadataVersion, 0, 3)))),
        Case.Of("to a negative level", p => p.AskAsync(Request((MetadataVersion, -1, 3)))),
        Case.Of("an unknown feature", p => p.AskAsync(Request(("foo", 1, 1)))),
        Case.Of("an unknown kind of change", p => p.AskAsync(Request((MetadataVersion, 30, 9)))),
        Case.Of("the same feature twice", p => p.AskAsync(Request((MetadataVersion, 30, 1), (MetadataVersion, 30, 1)))),
    ]);

    private static UpdateFeaturesRequest Request(params (string Feature, short Level, sbyte Kind)[] updates) => new()
    {
        TimeoutMs = 10_000,
        ValidateOnly = true,
        FeatureUpdates =
        [
            .. updates.Select(each => new UpdateFeaturesRequest.FeatureUpdate { Feature = each.Feature, MaxVersionLevel = each.Level, UpgradeType = each.Kind }),
        ],
    };
}
