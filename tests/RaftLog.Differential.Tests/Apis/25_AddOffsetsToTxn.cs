using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Adding a group's offsets to a transaction.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class AddOffsetsToTxnTests(BothNodes nodes)
{
    private const string Group = "offsets-adder";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        TransactionalProducer own = new("offsets-adder");
        await own.BeginAsync(nodes);
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Coordinators.UntilKnownAsync(peer, Group);
        }

        await Script.CompareAsync(
            nodes,
            "AddOffsetsToTxn",
            [
                Case.Of("of an unknown id", p => Ask(p, own, 4, r => r.TransactionalId = "nobody")),
                Case.Of("of an empty id", p => Ask(p, own, 4, r => r.TransactionalId = "")),
                Case.Of("of another producer", p => Ask(p, own, 4, r => r.ProducerId = new(12_345_678))),
                Case.Of("in an older epoch", p => Ask(p, own, 4, r => r.ProducerEpoch = new((short)(own.On(p).Epoch.Value - 1)))),
                Case.Of("in a later epoch", p => Ask(p, own, 3, r => r.ProducerEpoch = new(77))),
                Case.Of("in a later epoch, oldest version", p => Ask(p, own, 0, r => r.ProducerEpoch = new(77))),
                Case.Of("a group without a name", p => Ask(p, own, 4, r => r.GroupId = "")),
                Case.Of("a group", p => Ask(p, own, 4)),
                Case.Of("the same again, oldest version", p => Ask(p, own, 0)),
                Case.Of("another group", p => Ask(p, own, 3, r => r.GroupId = "offsets-adder-2")),
                Case.Of("committed", p => own.EndAndWaitAsync(p, commits: true)),
                Case.Of("after the end", p => Ask(p, own, 4)),
                Case.Of("aborted", p => own.EndAndWaitAsync(p, commits: false)),
            ]
        );
    }

    private static Task<AddOffsetsToTxnResponse> Ask(
        Peer peer,
        TransactionalProducer own,
        short version,
        Action<AddOffsetsToTxnRequest>? change = null
    )
    {
        AddOffsetsToTxnRequest request = own.AddOffsets(peer, Group);
        change?.Invoke(request);
        return peer.AskVersionAsync(request, version);
    }
}
