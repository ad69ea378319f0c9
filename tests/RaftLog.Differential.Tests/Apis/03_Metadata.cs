using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Describing brokers and topics.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class MetadataTests(BothNodes nodes)
{
    private const string Topic = "metadata";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateAsync(nodes, Topic, partitions: 3);
        await Script.CompareAsync(
            nodes,
            "Metadata",
            [
                Case.Of("brokers alone", p => p.AskAsync(new MetadataRequest { Topics = [] })),
                Case.Of("one topic", p => p.AskAsync(ByName(Topic))),
                Case.Of(
                    "one topic with what is allowed",
                    p => p.AskAsync(ByName(Topic, request => request.IncludeTopicAuthorizedOperations = true))
                ),
                Case.Of("one topic, version 0", p => p.AskVersionAsync(ByName(Topic), 0)),
                Case.Of("one topic, version 8 with what is allowed", p => p.AskVersionAsync(ByName(Topic, AskAllowed), 8)),
                Case.Of(
                    "by id",
                    async p =>
                        await p.AskAsync(new MetadataRequest { Topics = [new() { TopicId = await p.TopicIdAsync(Topic), Name = null }] })
                ),
                Case.Of("by an unknown id", p => p.AskAsync(new MetadataRequest { Topics = [new() { TopicId = new(5, 6), Name = null }] })),
                Case.Of(
                    "by id, in a version that knows none",
                    async p =>
                        await p.AskVersionAsync(
                            new MetadataRequest { Topics = [new() { TopicId = await p.TopicIdAsync(Topic), Name = "" }] },
                            11
                        )
                ),
                Case.Of("an unknown topic", p => p.AskAsync(ByName("metadata-unknown"))),
                Case.Of("a name that cannot be", p => p.AskAsync(ByName("metadata unknown!"))),
                Case.Of("an empty name", p => p.AskAsync(ByName(""))),
                Case.Of("a name too long", p => p.AskAsync(ByName(new string('n', 250)))),
                Case.Of("the same topic twice", p => p.AskAsync(ByName(Topic, request => request.Topics!.Add(new() { Name = Topic })))),
                Case.Of(
                    "an unknown topic that may be created",
                    p => p.AskAsync(ByName("metadata-made", request => request.AllowAutoTopicCreation = true))
                ),
                Case.Of(
                    "a name that cannot be created",
                    p => p.AskAsync(ByName("metadata/made", request => request.AllowAutoTopicCreation = true))
                ),
            ]
        );
    }

    [KafkaFact]
    public async Task The_created_topic_is_like_Kafkas()
    {
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await peer.AskAsync(ByName("metadata-auto", request => request.AllowAutoTopicCreation = true));
            await Topics.UntilLedAsync(peer, "metadata-auto", partitions: 1);
        }

        await Script.CompareAsync(nodes, "Metadata, created", [Case.Of("the topic", p => p.AskAsync(ByName("metadata-auto")))]);
    }

    private static void AskAllowed(MetadataRequest request) =>
        (request.IncludeTopicAuthorizedOperations, request.IncludeClusterAuthorizedOperations) = (true, true);

    private static MetadataRequest ByName(string name, Action<MetadataRequest>? change = null)
    {
        MetadataRequest request = new() { Topics = [new() { Name = name }], AllowAutoTopicCreation = false };
        change?.Invoke(request);
        return request;
    }
}
