using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Adding partitions.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class CreatePartitionsTests(BothNodes nodes)
{
    private const string Topic = "extend";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateAsync(nodes, Topic, partitions: 2);
        await Script.CompareAsync(
            nodes,
            "CreatePartitions",
            [
                Case.Of("one more, checked only", p => p.AskAsync(Request(Topic, 3, r => r.ValidateOnly = true))),
                Case.Of("one more", p => p.AskAsync(Request(Topic, 3))),
                Case.Of("as many as there are", p => p.AskAsync(Request(Topic, 3))),
                Case.Of("fewer", p => p.AskAsync(Request(Topic, 1))),
                Case.Of("below zero", p => p.AskAsync(Request(Topic, -2))),
                Case.Of(
                    "placed by hand",
                    p => p.AskAsync(Request(Topic, 4, r => r.Topics[0].Assignments = [new() { BrokerIds = [Peer.NodeId] }]))
                ),
                Case.Of(
                    "placed on an unknown broker",
                    p => p.AskAsync(Request(Topic, 5, r => r.Topics[0].Assignments = [new() { BrokerIds = [new(9)] }]))
                ),
                Case.Of(
                    "too many placements",
                    p =>
                        p.AskAsync(
                            Request(
                                Topic,
                                5,
                                r => r.Topics[0].Assignments = [new() { BrokerIds = [Peer.NodeId] }, new() { BrokerIds = [Peer.NodeId] }]
                            )
                        )
                ),
                Case.Of("an unknown topic", p => p.AskAsync(Request("extend-unknown", 3))),
                Case.Of(
                    "the same topic twice",
                    p =>
                        p.AskAsync(
                            Request(
                                Topic,
                                6,
                                r =>
                                    r.Topics.Add(
                                        new()
                                        {
                                            Name = Topic,
                                            Count = 7,
                                            Assignments = null,
                                        }
                                    )
                            )
                        )
                ),
                Case.Of("oldest version", p => p.AskVersionAsync(Request(Topic, 5), 0)),
                Case.Of("nothing", p => p.AskAsync(new CreatePartitionsRequest { TimeoutMs = 1000 })),
            ]
        );
    }

    private static CreatePartitionsRequest Request(string topic, int count, Action<CreatePartitionsRequest>? change = null)
    {
        CreatePartitionsRequest request = new()
        {
            Topics =
            [
                new()
                {
                    Name = topic,
                    Count = count,
                    Assignments = null,
                },
            ],
            TimeoutMs = 10_000,
        };
        change?.Invoke(request);
        return request;
    }
}
