using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Telling what is spoken.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class ApiVersionsTests(BothNodes nodes)
{
    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        Normalisation usual = Normalisation.Usual.AndByPresence("FinalizedFeaturesEpoch");
        await Script.CompareAsync(
            nodes,
            "ApiVersions",
            [
                Case.Of("newest", usual, p => p.AskVersionAsync(Request("raftlog-tests", "1.0"), 4)),
                Case.Of("version 3", usual, p => p.AskVersionAsync(Request("raftlog-tests", "1.0"), 3)),
                Case.Of("version 0", usual, p => p.AskVersionAsync(Request("", ""), 0)),
                Case.Of("without a name", usual, p => p.AskVersionAsync(Request("", "1.0"), 3)),
                Case.Of("without a version", usual, p => p.AskVersionAsync(Request("raftlog-tests", ""), 3)),
                Case.Of("a name with a space", usual, p => p.AskVersionAsync(Request("raftlog tests", "1.0"), 3)),
                Case.Of("a name that ends in a hyphen", usual, p => p.AskVersionAsync(Request("raftlog-", "1.0"), 4)),
            ]
        );
        await Script.CompareAsync(
            nodes,
            "ApiVersions of a controller",
            [
                Case.Of("newest", usual, p => p.Controller.AskVersionAsync(Request("raftlog-tests", "1.0"), 4)),
                Case.Of("version 0", usual, p => p.Controller.AskVersionAsync(Request("", ""), 0)),
            ]
        );
    }

    private static ApiVersionsRequest Request(string name, string version) =>
        new() { ClientSoftwareName = name, ClientSoftwareVersion = version };
}
