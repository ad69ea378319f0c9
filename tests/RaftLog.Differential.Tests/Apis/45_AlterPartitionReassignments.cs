using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Moving partitions, and asking what moves. One node can hold no second replica, so this is about what is rejected.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class AlterPartitionReassignmentsTests(BothNodes nodes)
{
    private const string Topic = "reassign";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateAsync(nodes, Topic, partitions: 2);
        await Script.CompareAsync(
            nodes,
            "AlterPartitionReassignments",
            [
                Case.Of("to where it is", p => p.AskAsync(Request(Topic, 0, [1]))),
                Case.Of("oldest version", p => p.AskVersionAsync(Request(Topic, 0, [1]), 0)),
                Case.Of("to nobody", p => p.AskAsync(Request(Topic, 0, []))),
                Case.Of("to one broker twice", p => p.AskAsync(Request(Topic, 0, [1, 1]))),
                Case.Of("to an unknown broker", p => p.AskAsync(Request(Topic, 0, [9]))),
                Case.Of("to a negative broker", p => p.AskAsync(Request(Topic, 0, [-1]))),
                Case.Of("to more replicas, not allowed", p => p.AskAsync(Request(Topic, 0, [1, 9], mayGrow: false))),
                Case.Of("cancelled, nothing under way", p => p.AskAsync(Request(Topic, 0, null))),
                Case.Of("an unknown topic", p => p.AskAsync(Request("reassign-unknown", 0, [1]))),
                Case.Of("an unknown partition", p => p.AskAsync(Request(Topic, 9, [1]))),
                Case.Of("an unknown topic, cancelled", p => p.AskAsync(Request("reassign-unknown", 0, null))),
                Case.Of("a partition below zero", p => p.AskAsync(Request(Topic, -1, [1]))),
                Case.Of("a topic without a name", p => p.AskAsync(Request("", 0, [1]))),
                Case.Of("to many replicas of unknown brokers", p => p.AskAsync(Request(Topic, 0, [1, 8, 9]))),
                Case.Of("to a broker twice and an unknown one", p => p.AskAsync(Request(Topic, 0, [9, 9]))),
                Case.Of(
                    "the same partition twice",
                    p =>
                    {
                        AlterPartitionReassignmentsRequest request = Request(Topic, 0, [1]);
                        request.Topics[0].Partitions.Add(Request(Topic, 0, null).Topics[0].Partitions[0]);
                        return p.AskAsync(request);
                    }
                ),
                Case.Of(
                    "the same topic twice",
                    p =>
                    {
                        AlterPartitionReassignmentsRequest request = Request(Topic, 0, [1]);
                        request.Topics.AddRange(Request(Topic, 1, [9]).Topics);
                        return p.AskAsync(request);
                    }
                ),
                Case.Of(
                    "no time",
                    p =>
                    {
                        AlterPartitionReassignmentsRequest request = Request(Topic, 0, [1]);
                        request.TimeoutMs = -1;
                        return p.AskAsync(request);
                    }
                ),
                Case.Of("nothing", p => p.AskAsync(new AlterPartitionReassignmentsRequest { TimeoutMs = 10_000 })),
            ]
        );
        await Script.CompareAsync(
            nodes,
            "ListPartitionReassignments",
            [
                Case.Of("all", p => p.AskAsync(new ListPartitionReassignmentsRequest { Topics = null, TimeoutMs = 10_000 })),
                Case.Of("one that does not move", p => p.AskAsync(List(Topic, 0, 1, 9))),
                Case.Of("an unknown topic", p => p.AskAsync(List("reassign-unknown", 0))),
                Case.Of("a partition below zero", p => p.AskAsync(List(Topic, -1))),
                Case.Of("a topic without a name", p => p.AskAsync(List("", 0))),
                Case.Of("a topic without partitions", p => p.AskAsync(List(Topic))),
                Case.Of("none", p => p.AskAsync(new ListPartitionReassignmentsRequest { Topics = [], TimeoutMs = 10_000 })),
            ]
        );
    }

    private static AlterPartitionReassignmentsRequest Request(string topic, int partition, int[]? replicas, bool mayGrow = true) =>
        new()
        {
            TimeoutMs = 10_000,
            AllowReplicationFactorChange = mayGrow,
            Topics =
            [
                new()
                {
                    Name = topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = partition,
                            Replicas = replicas is null ? null : [.. replicas.Select(id => new NodeId(id))],
                        },
                    ],
                },
            ],
        };

    private static ListPartitionReassignmentsRequest List(string topic, params int[] partitions) =>
        new() { TimeoutMs = 10_000, Topics = [new() { Name = topic, PartitionIndexes = [.. partitions] }] };
}
