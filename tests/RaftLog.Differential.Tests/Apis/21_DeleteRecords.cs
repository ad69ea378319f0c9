using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Deleting the oldest records.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class DeleteRecordsTests(BothNodes nodes)
{
    private const string Topic = "shorten";
    private const string Compacted = "shorten-compacted";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateFilledAsync(nodes, Topic);
        await Topics.CreateAsync(nodes, Compacted, 1, ("cleanup.policy", "compact"));
        await Script.CompareAsync(
            nodes,
            "DeleteRecords",
            [
                Case.Of("below an offset", p => p.AskAsync(Request(Topic, 0, 2))),
                Case.Of("below the same offset", p => p.AskAsync(Request(Topic, 0, 2))),
                Case.Of("below a smaller offset", p => p.AskAsync(Request(Topic, 0, 1))),
                Case.Of("oldest version", p => p.AskVersionAsync(Request(Topic, 0, 3), 0)),
                Case.Of("beyond the high watermark", p => p.AskAsync(Request(Topic, 0, 100))),
                Case.Of("below a negative offset", p => p.AskAsync(Request(Topic, 0, -2))),
                Case.Of("of an unknown topic", p => p.AskAsync(Request("shorten-unknown", 0, 1))),
                Case.Of("of an unknown partition", p => p.AskAsync(Request(Topic, 9, 1))),
                Case.Of("of a compacted topic", p => p.AskAsync(Request(Compacted, 0, 0))),
                Case.Of("below the high watermark", p => p.AskAsync(Request(Topic, 0, -1))),
                Case.Of("nothing", p => p.AskAsync(new DeleteRecordsRequest { TimeoutMs = 10_000 })),
            ]
        );
    }

    private static DeleteRecordsRequest Request(string topic, int partition, long offset) =>
        new()
        {
            TimeoutMs = 10_000,
            Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Offset = new Offset(offset) }] }],
        };
}
