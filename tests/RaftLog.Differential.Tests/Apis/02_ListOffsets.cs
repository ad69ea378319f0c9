using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Finding offsets by time.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class ListOffsetsTests(BothNodes nodes)
{
    private const string Topic = "list-offsets";
    private const string Empty = "list-offsets-empty";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateFilledAsync(nodes, Topic);
        await Topics.CreateAsync(nodes, Empty);
        await Script.CompareAsync(
            nodes,
            "ListOffsets",
            [
                Case.Of("latest", p => p.AskAsync(Request(Topic, 0, -1))),
                Case.Of("latest committed", p => p.AskAsync(Request(Topic, 0, -1, request => request.IsolationLevel = 1))),
                Case.Of("earliest", p => p.AskAsync(Request(Topic, 0, -2))),
                Case.Of("largest timestamp", p => p.AskAsync(Request(Topic, 0, -3))),
                Case.Of("local earliest", p => p.AskAsync(Request(Topic, 0, -4))),
                Case.Of("newest in remote storage", p => p.AskAsync(Request(Topic, 0, -5))),
                Case.Of("earliest not in remote storage", p => p.AskAsync(Request(Topic, 0, -6))),
                Case.Of("a time inside a batch", p => p.AskAsync(Request(Topic, 0, RawBatches.FirstTimestamp + 10_001))),
                Case.Of("a time before all", p => p.AskAsync(Request(Topic, 0, 1))),
                Case.Of("a time after all", p => p.AskAsync(Request(Topic, 0, RawBatches.FirstTimestamp + 1_000_000))),
                Case.Of("latest, oldest version", p => p.AskVersionAsync(Request(Topic, 0, -1), 1)),
                Case.Of("largest timestamp, version that has none", p => p.AskVersionAsync(Request(Topic, 0, -3), 6)),
                Case.Of("largest timestamp of nothing", p => p.AskAsync(Request(Empty, 0, -3))),
                Case.Of("a time in nothing", p => p.AskAsync(Request(Empty, 0, 1))),
                Case.Of("a special time that does not exist", p => p.AskAsync(Request(Topic, 0, -77))),
                Case.Of("an unknown topic", p => p.AskAsync(Request("list-offsets-unknown", 0, -1))),
                Case.Of("an unknown partition", p => p.AskAsync(Request(Topic, 8, -1))),
                Case.Of(
                    "a leader epoch of the future",
                    p => p.AskAsync(Request(Topic, 0, -1, request => request.Topics[0].Partitions[0].CurrentLeaderEpoch = new(9)))
                ),
                Case.Of(
                    "the same partition twice",
                    p =>
                        p.AskAsync(
                            Request(Topic, 0, -1, request => request.Topics[0].Partitions.Add(new() { PartitionIndex = 0, Timestamp = -2 }))
                        )
                ),
                Case.Of("as a replica", p => p.AskAsync(Request(Topic, 0, -1, request => request.ReplicaId = new(5)))),
                Case.Of("nothing", p => p.AskAsync(new ListOffsetsRequest { ReplicaId = NodeId.None })),
            ]
        );
    }

    private static ListOffsetsRequest Request(string topic, int partition, long time, Action<ListOffsetsRequest>? change = null)
    {
        ListOffsetsRequest request = new()
        {
            ReplicaId = NodeId.None,
            Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Timestamp = time }] }],
        };
        change?.Invoke(request);
        return request;
    }
}
