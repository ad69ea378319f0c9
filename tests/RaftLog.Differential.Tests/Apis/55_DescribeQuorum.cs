using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Describing the metadata quorum.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class DescribeQuorumTests(BothNodes nodes)
{
    [KafkaFact]
    public Task Responses_are_Kafkas()
    {
        Normalisation usual = Normalisation.Usual.AndByPresence("LogEndOffset", "HighWatermark", "LeaderEpoch");
        return Script.CompareAsync(
            nodes,
            "DescribeQuorum",
            [
                Case.Of("the quorum", usual, p => p.AskAsync(Request("__cluster_metadata", 0))),
                Case.Of("version 1", usual, p => p.AskVersionAsync(Request("__cluster_metadata", 0), 1)),
                Case.Of("oldest version", usual, p => p.AskVersionAsync(Request("__cluster_metadata", 0), 0)),
                Case.Of("another topic", usual, p => p.AskAsync(Request("quorum-unknown", 0))),
                Case.Of("another partition", usual, p => p.AskAsync(Request("__cluster_metadata", 1))),
                Case.Of("two partitions", usual, p => p.AskAsync(Request("__cluster_metadata", 0, 1))),
                Case.Of("nothing", usual, p => p.AskAsync(new DescribeQuorumRequest())),
            ]
        );
    }

    private static DescribeQuorumRequest Request(string topic, params int[] partitions) =>
        new()
        {
            Topics =
            [
                new()
                {
                    TopicName = topic,
                    Partitions = [.. partitions.Select(index => new DescribeQuorumRequest.PartitionData { PartitionIndex = index })],
                },
            ],
        };
}
