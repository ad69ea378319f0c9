using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>What lies in log directories.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class DescribeLogDirsTests(BothNodes nodes)
{
    private const string Topic = "directories";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateFilledAsync(nodes, Topic);
        Normalisation places = Normalisation.Usual.AndByPresence("LogDir", "TotalBytes", "UsableBytes");
        await Script.CompareAsync(
            nodes,
            "DescribeLogDirs",
            [
                Case.Of("of a topic", places, p => p.AskAsync(Request((Topic, [0])))),
                Case.Of("of a topic, oldest version", places, p => p.AskVersionAsync(Request((Topic, [0])), 1)),
                Case.Of("of an unknown partition", places, p => p.AskAsync(Request((Topic, [9])))),
                Case.Of("of an unknown topic", places, p => p.AskAsync(Request(("directories-unknown", [0])))),
                Case.Of("of the cluster's metadata", places, p => p.AskAsync(Request(("__cluster_metadata", [0])))),
                Case.Of("of a topic twice", places, p => p.AskAsync(Request((Topic, [0]), (Topic, [0])))),
                Case.Of("of a partition twice", places, p => p.AskAsync(Request((Topic, [0, 0])))),
                Case.Of("of a partition below zero", places, p => p.AskAsync(Request((Topic, [-1])))),
                Case.Of("of a topic without a name", places, p => p.AskAsync(Request(("", [0])))),
                Case.Of("of a topic without partitions", places, p => p.AskAsync(Request((Topic, [])))),
                Case.Of("of nothing", places, p => p.AskAsync(new DescribeLogDirsRequest { Topics = [] })),
            ]
        );
    }

    private static DescribeLogDirsRequest Request(params (string Topic, int[] Partitions)[] topics) =>
        new()
        {
            Topics =
            [
                .. topics.Select(each => new DescribeLogDirsRequest.DescribableLogDirTopic
                {
                    Topic = each.Topic,
                    Partitions = [.. each.Partitions],
                }),
            ],
        };
}
