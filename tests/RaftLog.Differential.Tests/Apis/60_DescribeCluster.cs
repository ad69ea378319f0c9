using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Describing the cluster.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class DescribeClusterTests(BothNodes nodes)
{
    [KafkaFact]
    public Task Responses_are_Kafkas() =>
        Script.CompareAsync(
            nodes,
            "DescribeCluster",
            [
                Case.Of("brokers", p => p.AskAsync(new DescribeClusterRequest())),
                Case.Of(
                    "brokers with what is allowed",
                    p => p.AskAsync(new DescribeClusterRequest { IncludeClusterAuthorizedOperations = true })
                ),
                Case.Of("fenced brokers too", p => p.AskAsync(new DescribeClusterRequest { IncludeFencedBrokers = true })),
                Case.Of("oldest version", p => p.AskVersionAsync(new DescribeClusterRequest(), 0)),
                Case.Of("controllers, from a broker's port", p => p.AskAsync(new DescribeClusterRequest { EndpointType = 2 })),
                Case.Of("an unknown kind of node", p => p.AskAsync(new DescribeClusterRequest { EndpointType = 7 })),
                Case.Of("a kind of node below zero", p => p.AskVersionAsync(new DescribeClusterRequest { EndpointType = -1 }, 1)),
            ]
        );
}
