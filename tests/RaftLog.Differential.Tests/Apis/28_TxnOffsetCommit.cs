using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Committing offsets with a transaction.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class TxnOffsetCommitTests(BothNodes nodes)
{
    private const string Topic = "committed-in";
    private const string Group = "committer";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        TransactionalProducer own = new("committer");
        await Topics.CreateAsync(nodes, Topic, 2);
        await own.BeginAsync(nodes);
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Coordinators.UntilKnownAsync(peer, Group);
        }

        await Script.CompareAsync(
            nodes,
            "TxnOffsetCommit",
            [
                Case.Of("without a transaction", p => Ask(p, own, 3)),
                Case.Of("without a transaction, version 4", p => Ask(p, own, 4)),
                Case.Of("the group is added", p => p.AskVersionAsync(own.AddOffsets(p, Group), 4)),
                Case.Of("of an unknown id", p => Ask(p, own, 4, r => r.TransactionalId = "nobody")),
                Case.Of("of another producer", p => Ask(p, own, 4, r => r.ProducerId = new(12_345_678))),
                Case.Of("in a later epoch", p => Ask(p, own, 4, r => r.ProducerEpoch = new(77))),
                Case.Of("an unknown topic", p => Ask(p, own, 3, r => r.Topics[0].Name = "committed-in-nothing")),
                Case.Of("an unknown partition", p => Ask(p, own, 3, r => r.Topics[0].Partitions[0].PartitionIndex = 9)),
                Case.Of(
                    "one that there is beside one that there is not",
                    p => Ask(p, own, 3, r => r.Topics[0].Partitions.Add(new() { PartitionIndex = 9 }))
                ),
                Case.Of("a member of a group that there is not", p => Ask(p, own, 3, r => (r.MemberId, r.GenerationId) = ("nobody", 1))),
                Case.Of("a generation without a member", p => Ask(p, own, 3, r => r.GenerationId = 1)),
                Case.Of(
                    "metadata that is too long",
                    p => Ask(p, own, 3, r => r.Topics[0].Partitions[0].CommittedMetadata = new string('x', 5_000))
                ),
                Case.Of("no topics", p => Ask(p, own, 3, r => r.Topics = [])),
                Case.Of("an offset", p => Ask(p, own, 3)),
                Case.Of("an offset, oldest version", p => Ask(p, own, 0)),
                Case.Of("read while it is open", p => p.AskAsync(Fetch(requireStable: false), 9)),
                Case.Of("read while it is open, stable only", p => p.AskAsync(Fetch(requireStable: true), 9)),
                Case.Of("a plain commit beside it", p => p.AskAsync(Plain(), 9)),
                Case.Of("committed", p => own.EndAndWaitAsync(p, commits: true)),
                Case.Of("read after it", p => p.AskAsync(Fetch(requireStable: true), 9)),
                Case.Of("after the end", p => Ask(p, own, 4)),
                Case.Of("the group is added again", p => p.AskVersionAsync(own.AddOffsets(p, Group), 4)),
                Case.Of("an offset to be aborted", p => Ask(p, own, 4, r => r.Topics[0].Partitions[0].CommittedOffset = new(9))),
                Case.Of("aborted", p => own.EndAndWaitAsync(p, commits: false)),
                Case.Of("read after the abort", p => p.AskAsync(Fetch(requireStable: true), 9)),
                Case.Of("a group without a name", p => Ask(p, own, 3, r => r.GroupId = "")),
            ]
        );
    }

    private static Task<TxnOffsetCommitResponse> Ask(
        Peer peer,
        TransactionalProducer own,
        short version,
        Action<TxnOffsetCommitRequest>? change = null
    )
    {
        TxnOffsetCommitRequest request = own.Commit(peer, Group, Topic);
        change?.Invoke(request);
        return peer.AskVersionAsync(request, version);
    }

    private static OffsetFetchRequest Fetch(bool requireStable) =>
        new()
        {
            RequireStable = requireStable,
            Groups = [new() { GroupId = Group, Topics = [new() { Name = Topic, PartitionIndexes = [0, 1] }] }],
        };

    private static OffsetCommitRequest Plain() =>
        new()
        {
            GroupId = Group,
            GenerationIdOrMemberEpoch = -1,
            Topics =
            [
                new()
                {
                    Name = Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = 1,
                            CommittedOffset = new(3),
                            CommittedMetadata = "",
                        },
                    ],
                },
            ],
        };
}
