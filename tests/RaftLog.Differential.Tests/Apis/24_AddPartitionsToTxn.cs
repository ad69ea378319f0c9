using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Adding partitions to a transaction, as a client and as a broker.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class AddPartitionsToTxnTests(BothNodes nodes)
{
    private const string Topic = "added";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        TransactionalProducer own = new("adder");
        await Topics.CreateAsync(nodes, Topic, 3);
        await own.BeginAsync(nodes);
        await Script.CompareAsync(
            nodes,
            "AddPartitionsToTxn",
            [
                Case.Of("of an unknown id", p => Ask(p, own, r => r.V3AndBelowTransactionalId = "nobody")),
                Case.Of("of an empty id", p => Ask(p, own, r => r.V3AndBelowTransactionalId = "")),
                Case.Of("of another producer", p => Ask(p, own, r => r.V3AndBelowProducerId = new(12_345_678))),
                Case.Of("in an older epoch", p => Ask(p, own, r => r.V3AndBelowProducerEpoch = new((short)(own.On(p).Epoch.Value - 1)))),
                Case.Of("in a later epoch", p => Ask(p, own, r => r.V3AndBelowProducerEpoch = new((short)(own.On(p).Epoch.Value + 1)))),
                Case.Of("an unknown topic", p => Ask(p, own, r => r.V3AndBelowTopics[0].Name = "added-nothing")),
                Case.Of("an unknown partition", p => Ask(p, own, r => r.V3AndBelowTopics[0].Partitions = [9])),
                Case.Of("one that there is beside one that there is not", p => Ask(p, own, r => r.V3AndBelowTopics[0].Partitions = [0, 9])),
                Case.Of("a negative partition", p => Ask(p, own, r => r.V3AndBelowTopics[0].Partitions = [-1])),
                Case.Of("no topics", p => Ask(p, own, r => r.V3AndBelowTopics = [])),
                Case.Of("a partition", p => Ask(p, own)),
                Case.Of("the same again", p => Ask(p, own)),
                Case.Of("another one, oldest version", p => p.AskVersionAsync(own.Add(p, Topic, 1), 0)),
                Case.Of(
                    "in an older epoch while it is open",
                    p => Ask(p, own, r => r.V3AndBelowProducerEpoch = new((short)(own.On(p).Epoch.Value - 1)))
                ),
                Case.Of("a broker verifies what is in it", p => Verify(p, own, 4, 0, 1)),
                Case.Of("a broker verifies what is not", p => Verify(p, own, 4, 2)),
                Case.Of("a broker verifies both", p => Verify(p, own, 5, 0, 2)),
                Case.Of("a broker verifies of an unknown id", p => Verify(p, own, 5, r => r.TransactionalId = "nobody", 0)),
                Case.Of("a broker verifies of another producer", p => Verify(p, own, 5, r => r.ProducerId = new(12_345_678), 0)),
                Case.Of("a broker verifies in a later epoch", p => Verify(p, own, 5, r => r.ProducerEpoch = new(77), 0)),
                Case.Of("a broker adds", p => Verify(p, own, 5, r => r.VerifyOnly = false, 2)),
                Case.Of(
                    "the state with three partitions",
                    Ids,
                    p => p.AskAsync(new DescribeTransactionsRequest { TransactionalIds = [own.Id] })
                ),
                Case.Of("the transaction ends", p => own.EndAndWaitAsync(p, commits: true)),
                Case.Of("a broker verifies after the end", p => Verify(p, own, 5, 0)),
                Case.Of("a partition of the next one", p => Ask(p, own)),
                Case.Of("aborted", p => own.EndAndWaitAsync(p, commits: false)),
            ]
        );
    }

    private static Normalisation Ids { get; } = Normalisation.Usual.AndByPresence("ProducerId");

    private static Task<AddPartitionsToTxnResponse> Ask(
        Peer peer,
        TransactionalProducer own,
        Action<AddPartitionsToTxnRequest>? change = null
    )
    {
        AddPartitionsToTxnRequest request = own.Add(peer, Topic, 0);
        change?.Invoke(request);
        return peer.AskVersionAsync(request, 3);
    }

    private static Task<AddPartitionsToTxnResponse> Verify(Peer peer, TransactionalProducer own, short version, params int[] partitions) =>
        Verify(peer, own, version, _ => { }, partitions);

    private static Task<AddPartitionsToTxnResponse> Verify(
        Peer peer,
        TransactionalProducer own,
        short version,
        Action<AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction> change,
        params int[] partitions
    )
    {
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction = new()
        {
            TransactionalId = own.Id,
            ProducerId = own.On(peer).Id,
            ProducerEpoch = own.On(peer).Epoch,
            VerifyOnly = true,
            Topics = [new() { Name = Topic, Partitions = [.. partitions] }],
        };
        change(transaction);
        return peer.AskVersionAsync(new AddPartitionsToTxnRequest { Transactions = [transaction] }, version);
    }
}
