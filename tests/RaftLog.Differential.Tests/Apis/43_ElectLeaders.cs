using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Electing leaders.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class ElectLeadersTests(BothNodes nodes)
{
    private const string Topic = "elect";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateAsync(nodes, Topic, partitions: 2);
        await Script.CompareAsync(
            nodes,
            "ElectLeaders",
            [
                Case.Of("preferred, not needed", p => p.AskAsync(Request(0, Topic, 0, 1))),
                Case.Of("unclean, not needed", p => p.AskAsync(Request(1, Topic, 0))),
                Case.Of(
                    "of all partitions",
                    p =>
                        p.AskAsync(
                            new ElectLeadersRequest
                            {
                                ElectionType = 0,
                                TopicPartitions = null,
                                TimeoutMs = 10_000,
                            }
                        )
                ),
                Case.Of("oldest version", p => p.AskVersionAsync(Request(0, Topic, 0), 0)),
                Case.Of("an unknown topic", p => p.AskAsync(Request(0, "elect-unknown", 0))),
                Case.Of("an unknown partition", p => p.AskAsync(Request(0, Topic, 9))),
                Case.Of("an unknown kind", p => p.AskAsync(Request(7, Topic, 0))),
                Case.Of("the same partition twice", p => p.AskAsync(Request(0, Topic, 0, 0))),
                Case.Of("a kind below zero", p => p.AskAsync(Request(-1, Topic, 0))),
                Case.Of("a partition below zero", p => p.AskAsync(Request(0, Topic, -1))),
                Case.Of("a topic without a name", p => p.AskAsync(Request(0, "", 0))),
                Case.Of("a topic without partitions", p => p.AskAsync(Request(0, Topic))),
                Case.Of(
                    "the same topic twice",
                    p =>
                    {
                        ElectLeadersRequest request = Request(0, Topic, 0);
                        request.TopicPartitions!.AddRange(Request(0, Topic, 1).TopicPartitions!);
                        return p.AskAsync(request);
                    }
                ),
                Case.Of("nothing", p => p.AskAsync(new ElectLeadersRequest { TopicPartitions = [], TimeoutMs = 10_000 })),
            ]
        );
    }

    private static ElectLeadersRequest Request(sbyte type, string topic, params int[] partitions) =>
        new()
        {
            ElectionType = type,
            TopicPartitions = [new() { Topic = topic, Partitions = [.. partitions] }],
            TimeoutMs = 10_000,
        };
}
