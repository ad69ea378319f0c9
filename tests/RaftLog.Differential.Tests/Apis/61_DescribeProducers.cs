using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>The producers that a partition knows.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class DescribeProducersTests(BothNodes nodes)
{
    private const string Topic = "producers";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateAsync(nodes, Topic, partitions: 2);
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await peer.AskAsync(
                Topics.Produce(Topic, 0, RawBatches.Of(new ProducerStamp(new(4711), new(3), 0), "a", "b")),
                highestVersion: 12
            );
        }

        await Script.CompareAsync(
            nodes,
            "DescribeProducers",
            [
                Case.Of("one", p => p.AskAsync(Request(Topic, 0))),
                Case.Of("none", p => p.AskAsync(Request(Topic, 1))),
                Case.Of("of an unknown partition", p => p.AskAsync(Request(Topic, 9))),
                Case.Of("of an unknown topic", p => p.AskAsync(Request("producers-unknown", 0))),
                Case.Of("of two partitions", p => p.AskAsync(Request(Topic, 0, 1))),
                Case.Of("of one that there is beside one that there is not", p => p.AskAsync(Request(Topic, 0, 9))),
                Case.Of("of the same twice", p => p.AskAsync(Request(Topic, 0, 0))),
                Case.Of("of a negative partition", p => p.AskAsync(Request(Topic, -1))),
                Case.Of("of no partitions", p => p.AskAsync(Request(Topic))),
                Case.Of("of a topic without a name", p => p.AskAsync(Request("", 0))),
                Case.Of("of a topic that cannot be", p => p.AskAsync(Request("a b", 0, 1))),
                Case.Of("of the cluster's metadata", p => p.AskAsync(Request("__cluster_metadata", 0))),
                Case.Of("of nothing", p => p.AskAsync(new DescribeProducersRequest())),
            ]
        );
    }

    private static DescribeProducersRequest Request(string topic, params int[] partitions) =>
        new() { Topics = [new() { Name = topic, PartitionIndexes = [.. partitions] }] };
}
