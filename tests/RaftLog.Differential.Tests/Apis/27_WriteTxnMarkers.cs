using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Writing markers, as a transaction coordinator asks for them.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class WriteTxnMarkersTests(BothNodes nodes)
{
    private const string Topic = "marked";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        Normalisation ids = Normalisation.Usual.AndByPresence("ProducerId");
        TransactionalProducer own = new("marker");
        await Topics.CreateAsync(nodes, Topic, 2);
        await own.BeginAsync(nodes);
        await Script.CompareAsync(
            nodes,
            "WriteTxnMarkers",
            [
                Case.Of("none", ids, p => p.AskVersionAsync(new WriteTxnMarkersRequest { Markers = [] }, 1)),
                Case.Of("no partitions", ids, p => Ask(p, own, 1, r => r.Topics = [])),
                Case.Of("an unknown topic", ids, p => Ask(p, own, 1, r => r.Topics[0].Name = "marked-nothing")),
                Case.Of("an unknown partition", ids, p => Ask(p, own, 1, r => r.Topics[0].PartitionIndexes = [9])),
                Case.Of("where no transaction is open", ids, p => Ask(p, own, 1)),
                Case.Of("begun", ids, p => p.AskVersionAsync(own.Add(p, Topic, 0), 3)),
                Case.Of("written", ids, p => own.WriteAsync(p, Topic)),
                Case.Of("of an older coordinator", ids, p => Ask(p, own, 1, r => r.CoordinatorEpoch = -5)),
                Case.Of("in an older epoch", ids, p => Ask(p, own, 1, r => r.ProducerEpoch = new((short)(own.On(p).Epoch.Value - 1)))),
                Case.Of("abort", ids, p => Ask(p, own, 1, r => r.TransactionResult = false)),
                Case.Of("abort again", ids, p => Ask(p, own, 1, r => r.TransactionResult = false)),
                Case.Of("of a coordinator that is older than the last", ids, p => Ask(p, own, 1, r => r.CoordinatorEpoch = 3)),
                Case.Of("of a later coordinator", ids, p => Ask(p, own, 2, r => r.CoordinatorEpoch = 9)),
                Case.Of("of transactions V2 in the same epoch", ids, p => Ask(p, own, 2, r => r.TransactionVersion = 2)),
                Case.Of(
                    "two markers",
                    ids,
                    p => p.AskVersionAsync(new WriteTxnMarkersRequest { Markers = [Marker(p, own), Marker(p, own)] }, 1)
                ),
                Case.Of("two partitions, one of them unknown", ids, p => Ask(p, own, 1, r => r.Topics[0].PartitionIndexes = [1, 9])),
            ]
        );
    }

    private static Task<WriteTxnMarkersResponse> Ask(
        Peer peer,
        TransactionalProducer own,
        short version,
        Action<WriteTxnMarkersRequest.WritableTxnMarker>? change = null
    )
    {
        WriteTxnMarkersRequest.WritableTxnMarker marker = Marker(peer, own);
        change?.Invoke(marker);
        return peer.AskVersionAsync(new WriteTxnMarkersRequest { Markers = [marker] }, version);
    }

    // The epoch is above those of both nodes' coordinators, which have just begun: from then on these are fenced, and the transaction stays
    // theirs to end.
    private static WriteTxnMarkersRequest.WritableTxnMarker Marker(Peer peer, TransactionalProducer own) =>
        new()
        {
            ProducerId = own.On(peer).Id,
            ProducerEpoch = own.On(peer).Epoch,
            TransactionResult = true,
            CoordinatorEpoch = 5,
            Topics = [new() { Name = Topic, PartitionIndexes = [0] }],
        };
}
