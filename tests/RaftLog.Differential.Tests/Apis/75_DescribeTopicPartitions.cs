using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Describing topics in pages.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class DescribeTopicPartitionsTests(BothNodes nodes)
{
    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateAsync(nodes, "pages-a", partitions: 3);
        await Topics.CreateAsync(nodes, "pages-b", partitions: 2);
        await Script.CompareAsync(
            nodes,
            "DescribeTopicPartitions",
            [
                Case.Of("one topic", p => p.AskAsync(Request(null, 2000, "pages-a"))),
                Case.Of("two topics, not in order", p => p.AskAsync(Request(null, 2000, "pages-b", "pages-a"))),
                Case.Of("the first page", p => p.AskAsync(Request(null, 2, "pages-a", "pages-b"))),
                Case.Of("the second page", p => p.AskAsync(Request(("pages-a", 2), 2, "pages-a", "pages-b"))),
                Case.Of("the page of another topic", p => p.AskAsync(Request(("pages-b", 0), 2, "pages-a", "pages-b"))),
                Case.Of("a page behind the end", p => p.AskAsync(Request(("pages-b", 9), 2, "pages-a", "pages-b"))),
                Case.Of("a page of a topic that is gone", p => p.AskAsync(Request(("pages-aa", 1), 2, "pages-a", "pages-b"))),
                Case.Of("an unknown topic", p => p.AskAsync(Request(null, 2000, "pages-unknown"))),
                Case.Of("a name that cannot be", p => p.AskAsync(Request(null, 2000, "pages !"))),
                Case.Of("the same topic twice", p => p.AskAsync(Request(null, 2000, "pages-a", "pages-a"))),
                Case.Of("no partition at all", p => p.AskAsync(Request(null, 0, "pages-a"))),
                Case.Of("a partition below zero", p => p.AskAsync(Request(("pages-a", -1), 2, "pages-a"))),
            ]
        );
    }

    private static DescribeTopicPartitionsRequest Request((string Topic, int Partition)? from, int limit, params string[] topics) =>
        new()
        {
            Topics = [.. topics.Select(topic => new DescribeTopicPartitionsRequest.TopicRequest { Name = topic })],
            ResponsePartitionLimit = limit,
            Cursor = from is { } cursor ? new() { TopicName = cursor.Topic, PartitionIndex = cursor.Partition } : null,
        };
}
