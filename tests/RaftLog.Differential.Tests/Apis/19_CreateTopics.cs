using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Creating topics.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class CreateTopicsTests(BothNodes nodes)
{
    [KafkaFact]
    public Task Responses_are_Kafkas() =>
        Script.CompareAsync(
            nodes,
            "CreateTopics",
            [
                Case.Of("a topic", p => p.AskAsync(Topics.Request("create", 2))),
                Case.Of("the same again", p => p.AskAsync(Topics.Request("create", 2))),
                Case.Of("oldest version", p => p.AskVersionAsync(Topics.Request("create-old", 2), 2)),
                Case.Of("with the cluster's defaults", p => p.AskAsync(Topics.Request("create-default", -1))),
                Case.Of(
                    "with configuration",
                    p => p.AskAsync(Topics.Request("create-config", 1, ("retention.ms", "1000"), ("cleanup.policy", "compact,delete")))
                ),
                Case.Of("checked only", p => p.AskAsync(Change(Topics.Request("create-checked"), r => r.ValidateOnly = true))),
                Case.Of(
                    "with placement by hand",
                    p =>
                        p.AskAsync(
                            Change(
                                Topics.Request("create-placed", -1),
                                r => r.Topics[0].Assignments = [new() { PartitionIndex = 0, BrokerIds = [Peer.NodeId] }]
                            )
                        )
                ),
                Case.Of(
                    "placed on an unknown broker",
                    p =>
                        p.AskAsync(
                            Change(
                                Topics.Request("create-misplaced", -1),
                                r => r.Topics[0].Assignments = [new() { PartitionIndex = 0, BrokerIds = [new(8)] }]
                            )
                        )
                ),
                Case.Of(
                    "placed twice on one broker",
                    p =>
                        p.AskAsync(
                            Change(
                                Topics.Request("create-twice", -1),
                                r => r.Topics[0].Assignments = [new() { PartitionIndex = 0, BrokerIds = [Peer.NodeId, Peer.NodeId] }]
                            )
                        )
                ),
                Case.Of(
                    "placed from partition 1 on",
                    p =>
                        p.AskAsync(
                            Change(
                                Topics.Request("create-gap", -1),
                                r => r.Topics[0].Assignments = [new() { PartitionIndex = 1, BrokerIds = [Peer.NodeId] }]
                            )
                        )
                ),
                Case.Of(
                    "placed and counted",
                    p =>
                        p.AskAsync(
                            Change(
                                Topics.Request("create-both", 3),
                                r => r.Topics[0].Assignments = [new() { PartitionIndex = 0, BrokerIds = [Peer.NodeId] }]
                            )
                        )
                ),
                Case.Of("no partition", p => p.AskAsync(Topics.Request("create-none", 0))),
                Case.Of(
                    "more replicas than brokers",
                    p => p.AskAsync(Change(Topics.Request("create-wide"), r => r.Topics[0].ReplicationFactor = 3))
                ),
                Case.Of("no replica", p => p.AskAsync(Change(Topics.Request("create-bare"), r => r.Topics[0].ReplicationFactor = 0))),
                Case.Of("a name that cannot be", p => p.AskAsync(Topics.Request("create me!"))),
                Case.Of("an empty name", p => p.AskAsync(Topics.Request(""))),
                Case.Of("a name of dots", p => p.AskAsync(Topics.Request(".."))),
                Case.Of("a name too long", p => p.AskAsync(Topics.Request(new string('c', 250)))),
                Case.Of("a name that differs by dot and underscore", p => TwoAsync(p, "create.dotted", "create_dotted")),
                Case.Of("an unknown key", p => p.AskAsync(Topics.Request("create-key", 1, ("no.such.key", "1")))),
                Case.Of("a value that cannot be", p => p.AskAsync(Topics.Request("create-value", 1, ("retention.ms", "soon")))),
                Case.Of("a value out of range", p => p.AskAsync(Topics.Request("create-range", 1, ("min.insync.replicas", "0")))),
                Case.Of(
                    "twice in one request",
                    p => p.AskAsync(Change(Topics.Request("create-double"), r => r.Topics.Add(Topics.Request("create-double").Topics[0])))
                ),
                Case.Of("an internal topic's name", p => p.AskAsync(Topics.Request("__cluster_metadata"))),
                Case.Of("nothing", p => p.AskAsync(new CreateTopicsRequest { TimeoutMs = 1000 })),
            ]
        );

    private static async Task<CreateTopicsResponse> TwoAsync(Peer peer, string first, string second)
    {
        await peer.AskAsync(Topics.Request(first));
        return await peer.AskAsync(Topics.Request(second));
    }

    private static CreateTopicsRequest Change(CreateTopicsRequest request, Action<CreateTopicsRequest> change)
    {
        change(request);
        return request;
    }
}
