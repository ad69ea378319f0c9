using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Finding where a leader epoch ends.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class OffsetForLeaderEpochTests(BothNodes nodes)
{
    private const string Topic = "epochs";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateFilledAsync(nodes, Topic);
        await Topics.CreateAsync(nodes, "epochs-empty");
        await Script.CompareAsync(
            nodes,
            "OffsetForLeaderEpoch",
            [
                Case.Of("the leader's epoch", p => p.AskAsync(Request(Topic, 0, epoch: 0))),
                Case.Of("an epoch of the future", p => p.AskAsync(Request(Topic, 0, epoch: 7))),
                Case.Of("no epoch", p => p.AskAsync(Request(Topic, 0, epoch: -1))),
                Case.Of("of an empty log", p => p.AskAsync(Request("epochs-empty", 0, epoch: 0))),
                Case.Of("oldest version", p => p.AskVersionAsync(Request(Topic, 0, epoch: 0), 2)),
                Case.Of("the true leader epoch", p => p.AskAsync(Request(Topic, 0, epoch: 0, current: 0))),
                Case.Of("a leader epoch of the future", p => p.AskAsync(Request(Topic, 0, epoch: 0, current: 4))),
                Case.Of("an unknown topic", p => p.AskAsync(Request("epochs-unknown", 0, epoch: 0))),
                Case.Of("an unknown partition", p => p.AskAsync(Request(Topic, 3, epoch: 0))),
                Case.Of("as a replica", p => p.AskAsync(Request(Topic, 0, epoch: 0, replica: 3))),
            ]
        );
    }

    private static OffsetForLeaderEpochRequest Request(string topic, int partition, int epoch, int current = -1, int replica = -1) =>
        new()
        {
            ReplicaId = new(replica),
            Topics =
            [
                new()
                {
                    Topic = topic,
                    Partitions =
                    [
                        new()
                        {
                            Partition = partition,
                            LeaderEpoch = new(epoch),
                            CurrentLeaderEpoch = new(current),
                        },
                    ],
                },
            ],
        };
}
